"""KEDA's client, as far as the adapter can tell: plain calls without deadlines or keepalive."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc

from autoscaler.proto.external_scaler_pb2 import (
    GetMetricSpecResponse,
    GetMetricsRequest,
    GetMetricsResponse,
    IsActiveResponse,
    ScaledObjectRef,
)

TEST_DEADLINE_S = 20.0
"""Which KEDA does not set, but a test must end."""


class Keda:
    """Asks one adapter."""

    def __init__(self, address: str, credentials: grpc.ChannelCredentials | None = None) -> None:
        self.channel = (
            grpc.insecure_channel(address)
            if credentials is None
            else grpc.secure_channel(address, credentials)
        )

    def is_active(self, **metadata: str) -> bool:
        return bool(self._ask("IsActive", ref(metadata), IsActiveResponse).result)

    def spec(self, **metadata: str) -> list[tuple[str, int, float]]:
        answer = self._ask("GetMetricSpec", ref(metadata), GetMetricSpecResponse)
        return [(spec.metricName, spec.targetSize, spec.targetSizeFloat) for spec in answer.metricSpecs]

    def metrics(self, **metadata: str) -> list[tuple[str, int, float]]:
        request = GetMetricsRequest(scaledObjectRef=ref(metadata), metricName="whatever")
        answer = self._ask("GetMetrics", request, GetMetricsResponse)
        return [
            (value.metricName, value.metricValue, value.metricValueFloat) for value in answer.metricValues
        ]

    def status(self, method: str = "is_active", **metadata: str) -> grpc.StatusCode:
        """How the adapter answers."""
        try:
            getattr(self, method)(**metadata)
        except grpc.RpcError as error:
            return error.code()
        return grpc.StatusCode.OK

    def stream(self, method: str, **metadata: str) -> "Stream":
        """Open a stream and read it, in a thread of its own."""
        answer = IsActiveResponse if method == "StreamIsActive" else GetMetricSpecResponse
        call = self.channel.unary_stream(
            f"/externalscaler.ExternalScaler/{method}",
            request_serializer=ScaledObjectRef.SerializeToString,
            response_deserializer=answer.FromString,
        )
        return Stream(call(ref(metadata), timeout=120))

    def close(self) -> None:
        self.channel.close()

    def _ask(self, method: str, request: Any, answer: Any) -> Any:
        call = self.channel.unary_unary(
            f"/externalscaler.ExternalScaler/{method}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=answer.FromString,
        )
        return call(request, timeout=TEST_DEADLINE_S)


@dataclass
class Stream:
    """What came over a stream so far, and how it ended."""

    call: Any
    told: list[Any] = field(default_factory=list)
    ended: grpc.StatusCode | None = None

    def __post_init__(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            for answer in self._answers():
                self.told.append(answer)
            self.ended = grpc.StatusCode.OK
        except grpc.RpcError as error:
            self.ended = error.code()

    def _answers(self) -> Iterator[Any]:
        for answer in self.call:
            yield answer.result if isinstance(answer, IsActiveResponse) else answer.metricSpecs[0].metricName


def ref(metadata: Mapping[str, str]) -> ScaledObjectRef:
    given = {"scalerAddress": "adapter:6000"} | metadata  # KEDA sends the address along
    return ScaledObjectRef(name="worker", namespace="detectscale", scalerMetadata=given)
