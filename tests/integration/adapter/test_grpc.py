"""What KEDA is told by gRPC: the real stack on the loopback."""

import asyncio
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from autoscaler.adapter.doors import Doors
from frames.errors import ConfigError
from tests.integration.adapter.keda import TEST_DEADLINE_S, ref
from tests.unit.autoscaler.adapter.made import IDLE, UNSERVED, WAITING, entry
from tests.waiting import until


def know(target, seen=WAITING, replicas=3, age_s=0.0):
    target.publish(entry(seen, replicas), time.monotonic() - age_s)


def test_desired_replicas_are_the_metric_and_one_is_a_replicas_share(targets, open_doors, keda):
    know(targets["frames"])
    asked = keda(open_doors()[1].grpc_port)

    assert asked.is_active(target="frames")
    assert asked.spec(target="frames") == [("desired-replicas", 1, 1.0)]
    assert asked.metrics(target="frames") == [("desired-replicas", 3, 3.0)]


def test_lag_is_told_as_it_is_to_those_who_want_keda_s_rule(targets, open_doors, keda):
    know(targets["frames"], replicas=0)
    asked = keda(open_doors()[1].grpc_port)
    trigger = {"target": "frames", "metric": "queue-lag", "lagThreshold": "2.5"}

    assert asked.is_active(**trigger)
    assert asked.spec(**trigger) == [("queue-lag", 3, 2.5)]
    assert asked.metrics(**trigger) == [("queue-lag", 42, 42.0)]


def test_each_target_has_its_own_answer(targets, open_doors, keda):
    know(targets["frames"], replicas=3)
    know(targets["shadow"], IDLE, replicas=0)
    asked = keda(open_doors()[1].grpc_port)

    assert [asked.is_active(target=name) for name in targets] == [True, False]
    assert asked.metrics(target="shadow") == [("desired-replicas", 0, 0.0)]


@pytest.mark.parametrize("age_s", [None, 31.0])
def test_what_is_not_known_is_unavailable_but_the_spec_is_always_answered(targets, open_doors, keda, age_s):
    if age_s is not None:
        know(targets["frames"], age_s=age_s)
    asked = keda(open_doors()[1].grpc_port)

    assert asked.status("is_active", target="frames") is grpc.StatusCode.UNAVAILABLE
    assert asked.status("metrics", target="frames") is grpc.StatusCode.UNAVAILABLE
    assert asked.spec(target="frames") == [("desired-replicas", 1, 1.0)]


def test_a_trigger_that_cannot_be_understood_is_told_what_is_wrong(open_doors, keda):
    asked = keda(open_doors()[1].grpc_port)

    for method in ("is_active", "spec", "metrics"):
        assert asked.status(method, target="evil:9092") is grpc.StatusCode.NOT_FOUND
        assert asked.status(method, target="frames", metric="cpu") is grpc.StatusCode.INVALID_ARGUMENT
    stream = asked.stream("StreamIsActive", target="evil:9092")
    assert until(lambda: stream.ended, TEST_DEADLINE_S, 0.01) is grpc.StatusCode.NOT_FOUND


def test_work_is_pushed_at_once_and_said_again_until_somebody_comes(targets, open_doors, keda):
    know(targets["frames"], IDLE, replicas=0)
    stream = keda(open_doors()[1].grpc_port).stream("StreamIsActive", target="frames")
    specs = keda(open_doors()[1].grpc_port).stream("StreamMetricSpec", target="frames")
    until(lambda: specs.told, TEST_DEADLINE_S, 0.01)
    assert stream.told == []

    know(targets["frames"], UNSERVED)
    until(lambda: stream.told == [True], TEST_DEADLINE_S, 0.001)
    until(lambda: stream.told == [True, True], TEST_DEADLINE_S, 0.01)
    know(targets["frames"], WAITING)
    know(targets["frames"], IDLE, replicas=0)

    until(lambda: stream.told == [True, True, False], TEST_DEADLINE_S, 0.01)
    assert specs.told == ["desired-replicas"]


def test_a_stream_that_is_opened_while_there_is_work_begins_with_it(targets, open_doors, keda):
    know(targets["frames"])

    stream = keda(open_doors()[1].grpc_port).stream("StreamIsActive", target="frames")

    until(lambda: stream.told == [True], TEST_DEADLINE_S, 0.01)


def test_streams_end_with_ok_when_the_adapter_stops(targets, open_doors, keda):
    know(targets["frames"])
    doors, settings = open_doors()
    asked = keda(settings.grpc_port)
    streams = [asked.stream(name, target="frames") for name in ("StreamIsActive", "StreamMetricSpec")]
    until(lambda: all(stream.told for stream in streams), TEST_DEADLINE_S, 0.01)

    doors.close()

    until(lambda: all(stream.ended for stream in streams), TEST_DEADLINE_S, 0.01)
    assert [stream.ended for stream in streams] == [grpc.StatusCode.OK] * 2


def test_streams_end_with_ok_before_their_connection_is_cut(targets, open_doors, keda):
    know(targets["frames"])
    asked = keda(open_doors(max_connection_age_s=0.5)[1].grpc_port)
    streams = [asked.stream(name, target="frames") for name in ("StreamIsActive", "StreamMetricSpec")]

    until(lambda: all(stream.ended for stream in streams), TEST_DEADLINE_S, 0.01)

    assert [stream.ended for stream in streams] == [grpc.StatusCode.OK] * 2


def test_a_thousand_scaled_objects_may_connect_at_once(targets, open_doors):
    know(targets["frames"])
    _, settings = open_doors()

    async def connect():
        async with grpc.aio.insecure_channel(f"localhost:{settings.grpc_port}") as channel:
            call = channel.unary_stream(
                "/externalscaler.ExternalScaler/StreamIsActive",
                request_serializer=lambda request: request.SerializeToString(),
                response_deserializer=lambda answer: answer,
            )
            streams = [call(ref({"target": "frames"})) for _ in range(2000)]
            told = await asyncio.gather(*(stream.read() for stream in streams), return_exceptions=True)
            for stream in streams:
                stream.cancel()
            return [answer for answer in told if not isinstance(answer, bytes)]

    assert asyncio.run(connect()) == []


def test_health_says_whether_keda_may_ask(targets, open_doors, keda):
    health = health_pb2_grpc.HealthStub(keda(open_doors()[1].grpc_port).channel)

    def status(service):
        return health.Check(health_pb2.HealthCheckRequest(service=service), timeout=TEST_DEADLINE_S).status

    assert status("externalscaler.ExternalScaler") == health_pb2.HealthCheckResponse.NOT_SERVING
    for target in targets.values():
        know(target, age_s=1000.0)
    until(lambda: status("externalscaler.ExternalScaler") == health_pb2.HealthCheckResponse.SERVING, 10)
    assert status("") == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize(("reflection", "status"), [(False, "UNIMPLEMENTED"), (True, None)])
def test_reflection_is_off_unless_asked_for(open_doors, keda, reflection, status):
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

    stub = reflection_pb2_grpc.ServerReflectionStub(
        keda(open_doors(reflection=reflection)[1].grpc_port).channel
    )
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    answers = stub.ServerReflectionInfo(iter([request]), timeout=TEST_DEADLINE_S)

    if status is None:
        listed = next(answers).list_services_response.service
        assert "externalscaler.ExternalScaler" in [service.name for service in listed]
    else:
        with pytest.raises(grpc.RpcError) as refused:
            next(answers)
        assert refused.value.code().name == status


@pytest.mark.parametrize("port", ["grpc_port", "http_port"])
def test_a_port_that_is_taken_is_a_wrong_setting(targets, open_doors, port):
    taken = getattr(open_doors()[1], port)

    with pytest.raises(ConfigError, match=f"adapter.host, adapter.{port}: cannot listen at"):
        open_doors(**{port: taken})


def test_doors_may_be_closed_twice(targets, open_doors):
    doors, _ = open_doors()

    doors.close()
    doors.close()

    assert isinstance(doors, Doors)
