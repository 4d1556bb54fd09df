import subprocess
import sys
from dataclasses import replace

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from pydantic import ValidationError

from frames.errors import ConfigError
from frames.event import Frame, decode_frame, encode_frame
from frames.outcome import Dead, DeadReason, Detected, Expired, RecordId
from frames.trace_settings import TraceSettings, start_tracing
from frames.tracing import Tracing

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSAMPLED = PARENT[:-2] + "00"
RECORD = RecordId("frames", 3, 41)
FRAME = Frame("f1", "door", "/stores/1/cameras/door", 1000.0, "image/jpeg", b"image")
DETECTED = Detected(
    record=RECORD,
    frame_id="f1",
    camera="door",
    source="/stores/1/cameras/door",
    captured_at=1000.0,
    width=640,
    height=480,
    model_name="nano",
    model_digest="d" * 64,
    detections=(),
    timings_s={"queue": 0.5, "decode": 0.25, "detect": 0.125},
    worker="w",
    at=1004.0,
)


class Traced:
    """A tracing whose spans stay here."""

    def __init__(self):
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracing = Tracing(provider)

    @property
    def spans(self):
        return {span.name: span for span in self._exporter.get_finished_spans()}


def ids(traceparent):
    _, trace, span, _ = traceparent.split("-")
    return int(trace, 16), int(span, 16)


def test_a_frame_goes_on_with_the_trace_that_it_came_with():
    traced = Traced()

    carried = traced.tracing.processed(PARENT, 1002.0, DETECTED, batch_frames=4)

    span = traced.spans["frame.process"]
    assert (span.context.trace_id, span.parent.span_id) == ids(PARENT)
    assert ids(carried) == (span.context.trace_id, span.context.span_id)


@pytest.mark.parametrize(
    "malformed",
    [None, "", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", PARENT.upper() + "-x", "00-1-2-3", "é"],
)
def test_a_malformed_context_is_ignored_and_a_new_trace_begins(malformed):
    traced = Traced()

    carried = traced.tracing.processed(malformed, 1002.0, DETECTED, batch_frames=1)

    assert traced.spans["frame.process"].parent is None
    assert ids(carried)[0] != ids(PARENT)[0]


def test_a_span_says_where_the_frame_stood_and_how_it_ended():
    traced = Traced()

    traced.tracing.processed(None, 1002.0, DETECTED, batch_frames=4)

    assert traced.spans["frame.process"].attributes == {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.destination.name": "frames",
        "messaging.destination.partition.id": "3",
        "messaging.kafka.offset": 41,
        "messaging.batch.message_count": 4,
        "detectscale.outcome": "detected",
        "detectscale.camera": "door",
        "detectscale.model_digest": "d" * 64,
    }


def test_spans_have_the_instants_that_were_measured():
    traced = Traced()

    traced.tracing.processed(None, 1002.0, DETECTED, batch_frames=4)

    lasted = {name: (span.start_time / 1e9, span.end_time / 1e9) for name, span in traced.spans.items()}
    assert lasted == {
        "frame.process": (1002.0, 1004.0),
        "frame.decode": (1002.5, 1002.75),
        "frame.detect": (1003.5, 1004.0),
    }
    whole = traced.spans["frame.process"].context.span_id
    assert traced.spans["frame.decode"].parent.span_id == whole
    assert traced.spans["frame.detect"].parent.span_id == whole


def test_a_dead_frame_is_an_error_with_its_reason():
    traced = Traced()
    dead = Dead(RECORD, encode_frame(FRAME), DeadReason.CORRUPT_IMAGE, "decode", "", 1, 1003.0, 1003.0, "w")

    traced.tracing.processed(PARENT, 1002.0, dead, batch_frames=1)

    span = traced.spans["frame.process"]
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "decode: corrupt-image"
    assert span.attributes["detectscale.camera"] == "door"


def test_an_expired_frame_is_no_error():
    traced = Traced()
    expired = Expired(RECORD, "f1", "door", "/door", 1000.0, 9.0, 5.0, "w", 1003.0)

    traced.tracing.processed(PARENT, 1002.0, expired, batch_frames=1)

    assert traced.spans["frame.process"].status.status_code is StatusCode.UNSET


def test_a_frame_that_its_sender_does_not_trace_is_not_traced_here_either():
    traced = Traced()

    carried = traced.tracing.processed(UNSAMPLED, 1002.0, DETECTED, batch_frames=1)

    assert traced.spans == {}
    assert carried.endswith("-00")


def test_a_published_frame_names_its_span_and_the_worker_continues_it():
    traced = Traced()

    sent = encode_frame(traced.tracing.published(FRAME, now=1001.0))
    traced.tracing.processed(decode_frame(sent, 0.0).traceparent, 1002.0, DETECTED, batch_frames=1)

    published, processed = traced.spans["frame.publish"], traced.spans["frame.process"]
    assert processed.parent.span_id == published.context.span_id
    assert (published.start_time, published.end_time) == (1000 * 10**9, 1001 * 10**9)


def test_whoever_gave_the_frame_to_the_publisher_is_the_parent():
    traced = Traced()

    frame = traced.tracing.published(replace(FRAME, traceparent=PARENT), now=1001.0)

    assert traced.spans["frame.publish"].parent.span_id == ids(PARENT)[1]
    assert decode_frame(encode_frame(frame), 0.0) == frame


def test_a_camera_ahead_of_time_makes_no_span_that_ends_before_it_begins():
    traced = Traced()

    traced.tracing.published(FRAME, now=900.0)
    traced.tracing.processed(None, 2000.0, DETECTED, batch_frames=4)

    assert all(span.start_time <= span.end_time for span in traced.spans.values())


def test_tracing_is_off_unless_a_collector_is_named():
    assert start_tracing(TraceSettings(), "detectscale-worker", "w") is None


def test_without_tracing_opentelemetry_is_never_imported():
    code = (
        "import sys, frames.event, frames.outcome\n"
        "from frames.trace_settings import TraceSettings, start_tracing\n"
        "assert start_tracing(TraceSettings(), 'detectscale-worker', 'w') is None\n"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_collector_is_named_by_a_url():
    with pytest.raises(ValidationError, match="endpoint"):
        TraceSettings(endpoint="collector:4318")


def test_without_the_extra_the_way_out_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)

    with pytest.raises(
        ConfigError, match=r"^traces\.endpoint: OpenTelemetry is missing .*detectscale\[traces\]"
    ):
        start_tracing(TraceSettings(endpoint="http://127.0.0.1:4318/v1/traces"), "detectscale-worker", "w")
