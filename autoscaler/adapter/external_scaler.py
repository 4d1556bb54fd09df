"""
KEDA's external scaler: translates between gRPC and what is in memory, and does nothing else.

KEDA sets no deadline and holds a lock while it asks, so nothing here waits for anything but
the one thing a stream is there for. `GetMetricSpec` needs no decision: if it failed for want of
one, KEDA's fallback would not start (kedacore/keda#8056).
"""

import math
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import grpc
from google.protobuf.message import Message

from autoscaler.adapter.callers import Callers, NotAdmittedError
from autoscaler.adapter.calls import Calls
from autoscaler.adapter.news import News, within
from autoscaler.adapter.pushes import Pushes
from autoscaler.adapter.question import Question, question
from autoscaler.adapter.targets import Targets, UnknownTargetError
from autoscaler.errors import ObservationError
from autoscaler.proto.external_scaler_pb2 import (
    GetMetricSpecResponse,
    GetMetricsRequest,
    GetMetricsResponse,
    IsActiveResponse,
    MetricSpec,
    MetricValue,
    ScaledObjectRef,
)
from frames.errors import ConfigError, DetectscaleError

SERVICE = "externalscaler.ExternalScaler"
STATUS: Mapping[type[DetectscaleError], grpc.StatusCode] = {
    NotAdmittedError: grpc.StatusCode.PERMISSION_DENIED,
    UnknownTargetError: grpc.StatusCode.NOT_FOUND,
    ConfigError: grpc.StatusCode.INVALID_ARGUMENT,
    ObservationError: grpc.StatusCode.UNAVAILABLE,
}
"""How a failure is called in gRPC."""

UNKNOWN_PAUSE_S = 1.0
"""How often a stream looks whether something is known again."""

Now = Callable[[], float]
Context = grpc.aio.ServicerContext[Any, Any]


class ExternalScaler:
    """Answers for *targets*; belongs to one event loop."""

    def __init__(
        self,
        targets: Targets,
        callers: Callers,
        calls: Calls,
        stream_age_s: float,
        now: Now = time.monotonic,
    ) -> None:
        """
        Args:
            stream_age_s: After which a stream ends by itself, with OK: KEDA opens another.
            now: The monotonic clock.
        """
        self._targets = targets
        self._callers = callers
        self._calls = calls
        self._stream_age_s = stream_age_s
        self._now = now
        self._news = {name: News() for name in targets}
        for name, target in targets.items():
            target.listen(self._news[name].tell)

    def close(self) -> None:
        """End all streams with OK: one that breaks leaves KEDA deaf for up to a minute."""
        for news in self._news.values():
            news.close()

    def is_active(self, ref: ScaledObjectRef) -> IsActiveResponse:
        return IsActiveResponse(result=self._question(ref).value(self._now()) > 0)

    def get_metric_spec(self, ref: ScaledObjectRef) -> GetMetricSpecResponse:
        return spec(self._question(ref))

    def get_metrics(self, request: GetMetricsRequest) -> GetMetricsResponse:
        asked = self._question(request.scaledObjectRef)
        number = asked.value(self._now())
        value = MetricValue(metricName=asked.metric, metricValue=number, metricValueFloat=number)
        return GetMetricsResponse(metricValues=[value])

    async def stream_is_active(self, ref: ScaledObjectRef) -> AsyncIterator[IsActiveResponse]:
        asked, pushes, ends_at = self._question(ref), Pushes(), self._now() + self._stream_age_s
        news = self._news[asked.target.name]
        while not news.closed and (now := self._now()) < ends_at:
            anything_new = news.next
            try:
                nobody_runs = asked.target.standing(now).nobody_runs
                said = pushes.next(asked.value(now) > 0, nobody_runs, now)
                pause_s = pushes.pause_s(now)
            except ObservationError:
                said, pause_s = None, UNKNOWN_PAUSE_S  # an unknown is no news
            if said is not None:
                yield IsActiveResponse(result=said)
            await within(anything_new, ends_at - now if pause_s is None else min(pause_s, ends_at - now))

    async def stream_metric_spec(self, ref: ScaledObjectRef) -> AsyncIterator[GetMetricSpecResponse]:
        asked, ends_at = self._question(ref), self._now() + self._stream_age_s
        yield spec(asked)  # and never another: settings do not change while we run
        news = self._news[asked.target.name]
        while not news.closed and (left_s := ends_at - self._now()) > 0:
            await within(news.next, left_s)

    def handlers(self) -> grpc.GenericRpcHandler:
        """The methods, as a gRPC server takes them."""
        answers: dict[str, tuple[Callable[[Any], Any], type[Message]]] = {
            "IsActive": (self.is_active, ScaledObjectRef),
            "GetMetricSpec": (self.get_metric_spec, ScaledObjectRef),
            "GetMetrics": (self.get_metrics, GetMetricsRequest),
        }
        streams = {"StreamIsActive": self.stream_is_active, "StreamMetricSpec": self.stream_metric_spec}
        one, many = grpc.unary_unary_rpc_method_handler, grpc.unary_stream_rpc_method_handler
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                method: one(self._answer(method, answer), request.FromString, _write)
                for method, (answer, request) in answers.items()
            }
            | {
                method: many(self._stream(method, stream), ScaledObjectRef.FromString, _write)
                for method, stream in streams.items()
            },
        )

    def _question(self, ref: ScaledObjectRef) -> Question:
        return question(ref.scalerMetadata, self._targets)

    def _answer(self, method: str, answer: Callable[[Any], Any]) -> Callable[[Any, Context], Any]:
        async def answered(request: Any, context: Context) -> Any:
            try:
                self._callers.admit(_peer(context))
                response = answer(request)
            except DetectscaleError as error:
                await self._refuse(method, error, context)
            self._calls.count(method, grpc.StatusCode.OK.name)
            return response

        return answered

    def _stream(
        self, method: str, stream: Callable[[Any], AsyncIterator[Any]]
    ) -> Callable[[Any, Context], AsyncIterator[Any]]:
        async def streamed(request: Any, context: Context) -> AsyncIterator[Any]:
            try:
                self._callers.admit(_peer(context))
                self._question(request)
                self._calls.count(method, grpc.StatusCode.OK.name)
                async for response in stream(request):
                    yield response
            except DetectscaleError as error:
                await self._refuse(method, error, context)

        return streamed

    async def _refuse(self, method: str, error: DetectscaleError, context: Context) -> None:
        status = STATUS.get(type(error), grpc.StatusCode.UNKNOWN)
        self._calls.count(method, status.name)
        await context.abort(status, str(error))


def spec(asked: Question) -> GetMetricSpecResponse:
    """Metric and share, in the two forms that KEDA has for it."""
    whole = max(math.ceil(asked.share), 1)
    return GetMetricSpecResponse(
        metricSpecs=[MetricSpec(metricName=asked.metric, targetSize=whole, targetSizeFloat=asked.share)]
    )


def _peer(context: Context) -> Mapping[str, Any]:
    return context.auth_context()  # type: ignore[no-any-return, unused-ignore]


def _write(message: Any) -> bytes:
    return message.SerializeToString()  # type: ignore[no-any-return]
