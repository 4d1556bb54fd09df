"""
The settings of the adapter: the `adapter` section, and the targets that it leads to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel, Field, PositiveFloat, ValidationError, model_validator

from autoscaler.policy_settings import PolicySettings
from frames.errors import ConfigError
from frames.topics import TopicSettings

DEPLOYMENT = "worker"
"""That of `manifests/base`."""


class TargetSettings(BaseModel, frozen=True, extra="forbid"):
    """What differs for one target from the sections `topics`, `worker` and `policy`; None: nothing."""

    frames: str | None = None
    """Topic whose lag counts."""
    status: str | None = None
    """Topic on which its workers report."""
    group_id: str | None = None
    """Consumer group of its workers."""
    deployment: str | None = None
    """That runs its workers on Kubernetes; None: `worker`, or the target's name where there are several."""
    policy: Mapping[str, Any] = {}
    """Keys of the `policy` section."""


class AdapterSettings(BaseModel, frozen=True, extra="forbid"):
    """How KEDA reaches the adapter, and what it scales."""

    host: str = "127.0.0.1"
    """Address to listen at; `0.0.0.0` or `[::]` in a pod."""
    grpc_port: int = Field(default=6000, ge=1, le=65535)
    http_port: int | None = Field(default=8080, ge=1, le=65535)
    """None: there is no HTTP."""
    tls_cert_file: str | None = None
    """Both ports then speak TLS; read again whenever it, the key or the authority changes."""
    tls_key_file: str | None = None
    tls_client_ca_file: str | None = None
    """Authority of whoever may call by gRPC: mutual TLS; None: whoever reaches the port may."""
    allowed_clients: tuple[str, ...] = ()
    """Names in that certificate (DNS or URI, so SPIFFE ids too), one of which it needs; empty: any."""
    token_file: str | None = None
    """Holds the bearer token for `/v1` by HTTP; None: only this machine may ask."""
    reflection: bool = False
    """Let gRPC clients list what can be called."""
    stale_s: PositiveFloat = 30.0
    """Age from which on a decision is no answer any more."""
    max_connection_age_s: PositiveFloat = 1800.0
    """After which callers connect anew, so that both replicas are used; a stream lasts no longer either."""
    election_file: str | None = None
    """Adapters on this machine that share it take turns: who locks it decides; None: this one decides."""
    namespace: str | None = None
    """Where on Kubernetes the workers run; None: where this process does, if that is a pod with a token."""
    targets: Mapping[str, TargetSettings] = {}
    """By the name that a ScaledObject gives; empty: one, named as the topic of frames."""

    @model_validator(mode="after")
    def _certificate_and_key_come_together(self) -> Self:
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("tls_cert_file and tls_key_file: neither is of use without the other")
        if self.tls_client_ca_file and not self.tls_cert_file:
            raise ValueError("tls_client_ca_file: needs tls_cert_file and tls_key_file too")
        if self.allowed_clients and not self.tls_client_ca_file:
            raise ValueError("allowed_clients: without tls_client_ca_file nobody shows a certificate")
        return self


@dataclass(frozen=True, slots=True)
class Scaled:
    """One target, with everything that is needed to decide for it."""

    name: str
    topics: TopicSettings
    group_id: str
    deployment: str
    """That runs its workers, if they run on Kubernetes."""
    params: PolicySettings


def scaled(
    settings: AdapterSettings, topics: TopicSettings, group_id: str, policy: PolicySettings
) -> tuple[Scaled, ...]:
    """
    The targets, filled up from the other sections.

    Raises:
        ConfigError: A target's `policy` is none.
    """
    targets = settings.targets or {topics.frames: TargetSettings()}
    return tuple(
        Scaled(
            name,
            topics.model_copy(
                update={"frames": target.frames or topics.frames, "status": target.status or topics.status}
            ),
            target.group_id or group_id,
            target.deployment or (DEPLOYMENT if len(targets) == 1 else name),
            _policy(name, policy, target.policy),
        )
        for name, target in targets.items()
    )


def _policy(name: str, policy: PolicySettings, changes: Mapping[str, Any]) -> PolicySettings:
    try:
        return PolicySettings.model_validate(policy.model_dump() | dict(changes))
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        place = ".".join(["adapter.targets", name, "policy", *map(str, wrong["loc"])])
        raise ConfigError(f"{place}: {wrong['msg'].removeprefix('Value error, ')}") from error
