"""
A frame's way as spans of one trace, from the camera's publisher to the result.

The context travels as the CloudEvents extension `traceparent` (W3C Trace Context). Spans
are made after the fact, from the instants that outcomes carry anyway, so tracing adds
nothing to the way itself; what the collector does not take is dropped, never waited for.

Sources: OpenTelemetry semantic conventions, messaging spans; CloudEvents, distributed tracing.
"""

import threading
from dataclasses import replace

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from frames.event import Frame
from frames.outcome import Dead, Detected, Outcome

_w3c = TraceContextTextMapPropagator()


def exporting(endpoint: str, service: str, instance: str) -> TracerProvider:
    """A provider that sends batches of spans to *endpoint*, on a thread of its own."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # type: ignore[import-not-found, unused-ignore]
        OTLPSpanExporter,
    )

    origin = Resource.create({"service.name": service, "service.instance.id": instance})
    # Not at exit: a collector that is away would hold up the end of the process.
    provider = TracerProvider(resource=origin, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return provider


class Tracing:
    """Makes spans of what happened. Any thread may call it."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("detectscale")

    def published(self, frame: Frame, now: float) -> Frame:
        """
        The span `frame.publish`, from capture to *now*, when *frame* goes to Kafka.

        Returns:
            The frame, whose `traceparent` now names this span; what it named before is the parent.
        """
        span = self._tracer.start_span(
            "frame.publish",
            _context(frame.traceparent),
            kind=SpanKind.PRODUCER,
            start_time=_ns(frame.captured_at),
            attributes={"messaging.system": "kafka", "messaging.operation.type": "send"}
            | {"detectscale.camera": frame.camera, "messaging.message.id": frame.id},
        )
        span.end(_ns(max(now, frame.captured_at)))
        return replace(frame, traceparent=_traceparent(span))

    def processed(self, parent: str | None, polled_at: float, outcome: Outcome, batch_frames: int) -> str:
        """
        The span `frame.process`, from *polled_at* to the outcome, with what it consists of.

        Args:
            parent: The frame's `traceparent`; a malformed one is ignored.
            polled_at: Seconds since the epoch.
            batch_frames: Frames that were detected together with it, itself included.

        Returns:
            The `traceparent` of this span, for the outcome to carry on.
        """
        record = outcome.record
        span = self._tracer.start_span(
            "frame.process",
            _context(parent),
            kind=SpanKind.CONSUMER,
            start_time=_ns(polled_at),
            attributes={
                "messaging.system": "kafka",
                "messaging.operation.type": "process",
                "messaging.destination.name": record.topic,
                "messaging.destination.partition.id": str(record.partition),
                "messaging.kafka.offset": record.offset,
                "messaging.batch.message_count": batch_frames,
                "detectscale.outcome": outcome.kind.value,
                "detectscale.camera": _camera(outcome),
            },
        )
        if span.is_recording():
            if isinstance(outcome, Detected):
                self._stages(span, polled_at, outcome, batch_frames)
            if isinstance(outcome, Dead):
                span.set_status(Status(StatusCode.ERROR, f"{outcome.stage}: {outcome.reason}"))
        span.end(_ns(max(outcome.at, polled_at)))
        return _traceparent(span)

    def close(self, timeout_s: float) -> None:
        """Send what is left, for up to *timeout_s*."""
        closing = threading.Thread(target=self._provider.shutdown, name="traces-close", daemon=True)
        closing.start()
        closing.join(timeout_s)

    def _stages(self, span: Span, polled_at: float, outcome: Detected, batch_frames: int) -> None:
        """Child spans: decoding follows the queue; detecting is the whole batch's, and ends the outcome."""
        span.set_attribute("detectscale.model_digest", outcome.model_digest)
        context, took_s = set_span_in_context(span, Context()), outcome.timings_s
        decode_at = polled_at + took_s.get("queue", 0.0)
        decoded_at = decode_at + took_s.get("decode", 0.0)
        detect_at = max(decoded_at, outcome.at - took_s.get("detect", 0.0) * batch_frames)
        for name, began_at, ended_at in (
            ("frame.decode", decode_at, decoded_at),
            ("frame.detect", detect_at, max(detect_at, outcome.at)),
        ):
            self._tracer.start_span(name, context, start_time=_ns(began_at)).end(_ns(ended_at))


def _context(traceparent: str | None) -> Context:
    """The context that *traceparent* names; an empty one, in which a new trace begins, if it names none."""
    return _w3c.extract({"traceparent": traceparent or ""}, Context())


def _traceparent(span: Span) -> str:
    carrier: dict[str, str] = {}
    _w3c.inject(carrier, set_span_in_context(span, Context()))
    return carrier["traceparent"]


def _camera(outcome: Outcome) -> str:
    if isinstance(outcome, Dead):
        return (outcome.original.key or b"").decode(errors="replace")
    return outcome.camera


def _ns(at: float) -> int:
    return int(at * 1e9)
