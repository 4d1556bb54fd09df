"""
The one place that builds Kafka clients: every default of kafka-python's that loses
frames, repeats them or slows them down is overridden here.

kafka-python is imported inside the functions: it takes 0.1 s, and a worker loads its
model meanwhile.
"""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field, PositiveFloat, SecretStr

from frames import header_names
from frames.errors import ConfigError, UnavailableError

if TYPE_CHECKING:
    from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer


class KafkaSettings(BaseModel, frozen=True, extra="forbid"):
    """How to reach the broker: the `kafka` section of the settings."""

    bootstrap_servers: str | None = None
    """`host:port`, comma separated; None starts the embedded broker."""
    embedded_port: int | None = Field(default=None, ge=1, le=65535)
    """Where the embedded broker listens; None takes a free port."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] | None = None
    sasl_plain_username: str | None = None
    sasl_plain_password: SecretStr | None = None
    """Only from the environment: `DETECTSCALE_KAFKA__SASL_PLAIN_PASSWORD`."""
    ssl_cafile: str | None = None
    ssl_certfile: str | None = None
    ssl_keyfile: str | None = None
    ssl_check_hostname: bool = True
    connect_timeout_s: PositiveFloat = 10.0
    """How long a client looks for the broker before it gives up."""
    session_timeout_s: PositiveFloat = 10.0
    """A crashed worker's partitions wait this long before others take them over."""
    heartbeat_interval_s: PositiveFloat = 0.2
    """How often a worker hears of a rebalance; one that joins waits two of these for its partitions."""
    isolation_level: Literal["read_committed", "read_uncommitted"] = "read_committed"
    """
    What a transaction has appended: seen once it is committed, or at once and even if it is aborted.
    A log then ends, for workers and for the lag alike, at its last stable offset or at its high watermark.
    """


MAX_MESSAGE_BYTES = 10 * 1024 * 1024
"""Largest record; a larger frame goes by claim check. Producer, consumer and topic share this limit."""


def producer(settings: KafkaSettings, **options: Any) -> "KafkaProducer":
    """
    A producer that loses nothing it acknowledged: idempotent, acks=all.

    `enable_idempotence` is explicit because kafka-python otherwise only warns and
    switches it off when another option conflicts (kafka-python 3.0, producer/kafka.py). And
    `delivery_timeout_ms` is longer than any outage that is to be survived: once a batch that is
    being sent again expires, an idempotent producer of kafka-python 3.0.12 never sends anything
    again (it resets its producer id, but stays in a state in which it does not ask for one).
    """
    from kafka import KafkaProducer

    defaults: dict[str, Any] = {
        "enable_idempotence": True,
        "acks": "all",
        "max_request_size": MAX_MESSAGE_BYTES + 64 * 1024,
        "delivery_timeout_ms": 600_000,
        "request_timeout_ms": 10_000,
        "max_block_ms": 10_000,
        "allow_auto_create_topics": False,
    }
    return _connected(KafkaProducer, settings, defaults | options)


def group_consumer(settings: KafkaSettings, group_id: str, **options: Any) -> "KafkaConsumer":
    """
    A member of a consumer group that commits only when told to.

    `earliest`: scale-to-zero empties the group, and an empty group's offsets expire;
    `latest` would then skip the backlog. Cooperative-sticky: a member that joins or
    leaves stops only the partitions that move. No static membership: a pod scaled in
    must leave at once.
    """
    from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

    defaults: dict[str, Any] = {
        "group_id": group_id,
        "partition_assignment_strategy": [CooperativeStickyAssignor()],
        "session_timeout_ms": int(settings.session_timeout_s * 1000),
        "heartbeat_interval_ms": int(settings.heartbeat_interval_s * 1000),
        "max_poll_interval_ms": 60_000,
        "metadata_max_age_ms": 30_000,
    }
    return reader(settings, **defaults | options)


def reader(settings: KafkaSettings, **options: Any) -> "KafkaConsumer":
    """A consumer without a group, for whoever assigns partitions itself: ledger, projector, autoscaler."""
    from kafka import KafkaConsumer

    header_names.tolerate()
    defaults: dict[str, Any] = {
        "auto_offset_reset": "earliest",
        "enable_auto_commit": False,
        "isolation_level": settings.isolation_level,
        "max_partition_fetch_bytes": MAX_MESSAGE_BYTES + 64 * 1024,
        "allow_auto_create_topics": False,
        "request_timeout_ms": 30_000,
    }
    return _connected(KafkaConsumer, settings, defaults | options)


def admin(settings: KafkaSettings, **options: Any) -> "KafkaAdminClient":
    """An admin client."""
    from kafka import KafkaAdminClient

    return _connected(KafkaAdminClient, settings, {"request_timeout_ms": 10_000} | options)


def user(settings: KafkaSettings) -> str:
    """
    Who the broker takes us for, as far as the settings say.

    >>> user(KafkaSettings(ssl_certfile="/etc/kafka-user/user.crt"))
    'the owner of /etc/kafka-user/user.crt'
    """
    if settings.sasl_plain_username:
        return f"the user {settings.sasl_plain_username}"
    return f"the owner of {settings.ssl_certfile}" if settings.ssl_certfile else "a user without a name"


def _connected(client: Any, settings: KafkaSettings, options: dict[str, Any]) -> Any:
    """Build *client* and reach the broker, or say in one line why not."""
    from kafka.errors import KafkaError

    require_fast_crc()
    if settings.bootstrap_servers is None:
        raise ConfigError(
            "kafka.bootstrap_servers: not set; name a broker, or start one with `detectscale up`"
        )
    try:
        return client(**_connection(settings), **options)
    except KafkaError as error:
        raise UnavailableError(
            f"kafka.bootstrap_servers: no Kafka broker answers at {settings.bootstrap_servers} within "
            f"{settings.connect_timeout_s:g} s ({type(error).__name__}); is it running, and is "
            "`security_protocol` right?"
        ) from error
    except (AssertionError, ValueError, TypeError, OSError) as error:
        raise ConfigError(f"kafka: the client refuses these settings: {error}") from error


def _connection(settings: KafkaSettings) -> dict[str, Any]:
    password = settings.sasl_plain_password
    given = {
        "bootstrap_servers": (settings.bootstrap_servers or "").split(","),
        "bootstrap_timeout_ms": int(settings.connect_timeout_s * 1000),
        # Up to 30 s by default: a client would sleep on when the broker has long been back.
        "reconnect_backoff_ms": 250,
        "reconnect_backoff_max_ms": 1000,
        "security_protocol": settings.security_protocol,
        "sasl_mechanism": settings.sasl_mechanism,
        "sasl_plain_username": settings.sasl_plain_username,
        "sasl_plain_password": password.get_secret_value() if password else None,
        "ssl_cafile": settings.ssl_cafile,
        "ssl_certfile": settings.ssl_certfile,
        "ssl_keyfile": settings.ssl_keyfile,
        "ssl_check_hostname": settings.ssl_check_hostname,
    }
    return {name: value for name, value in given.items() if value is not None}


def require_fast_crc() -> None:
    """
    Refuse to run with kafka-python's pure-Python CRC-32C.

    It takes 5.9 ms of the GIL for a 60 kB frame, 66 times the C extension's cost,
    which starves a worker's own heartbeats.
    """
    from kafka.record import util

    if util.crc32c_c is None:
        raise ConfigError(
            "kafka-python runs without its C checksum; install it: pip install 'kafka-python[crc32c]'"
        )
