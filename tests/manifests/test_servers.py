"""The broker and the Redis of the components, started from the very files that their pods mount."""

import asyncio
import random
import subprocess
import threading
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import NoPermissionError, RedisError

from detectscale.embedded import kafka_server
from detectscale.embedded.child import running
from detectscale.embedded.jvm import java_command
from detectscale.embedded.kafka_jars import default_cache_dir
from detectscale.embedded.ports import free_port
from detectscale.embedded.redis_server import redis_binary
from frames.clients import producer
from frames.gateway.daily_frames import DailyFrames
from frames.gateway.projection_lookup import ProjectionLookup, connect, gateway_prefix
from frames.projection import RedisSettings
from frames.projector import Projector
from frames.results import Results
from tests.integration.frames.outcomes import dead, detected
from tests.manifests.rendering import MANIFESTS
from tests.waiting import until

COMPONENTS = MANIFESTS / "components"


@pytest.fixture
def redis(tmp_path):
    port = free_port()
    command = [str(redis_binary()), str(COMPONENTS / "redis" / "redis.conf"), "--port", str(port)]
    settings = RedisSettings(url=f"redis://127.0.0.1:{port}/0")

    def answers() -> bool:
        try:
            with Redis.from_url(settings.url) as client:
                return client.ping()
        except RedisError:
            return False

    with running(command, tmp_path, tmp_path / "redis.log", answers=answers):
        yield settings


def test_redis_lets_the_projector_do_its_work(redis, kafka, topics):
    client = producer(kafka)
    for topic, outcome in ((topics.detections, detected(topics, 0)), (topics.dead, dead(topics, 1))):
        message = outcome.message()
        client.send(topic, message.value, message.key, list(message.headers)).get(timeout=10)
    client.close()
    projector, stop = Projector(kafka, topics, redis, random.Random(7)), threading.Event()
    thread = threading.Thread(target=projector.run, args=(stop,))

    thread.start()
    try:
        until(lambda: projector.projected == 2)
    finally:
        stop.set()
        thread.join()

    assert Results(redis).cameras()


def test_redis_lets_the_gateway_do_its_work(redis):
    async def work() -> tuple[str | None, int]:
        client = connect(redis)
        lookup, days = ProjectionLookup(client, redis), DailyFrames(client, gateway_prefix(redis))
        await lookup.remember("frame", "digest", 60)
        days.add("shop", 0.0, 2)
        await days.save(["shop"], 0.0)
        seen = DailyFrames(client, gateway_prefix(redis))  # as another replica does
        await seen.save(["shop"], 0.0)
        await lookup.newest("door")
        remembered = await lookup.digest("frame")
        await lookup.close()
        return remembered, seen.count("shop", 0.0)

    assert asyncio.run(work()) == ("digest", 2)


@pytest.mark.parametrize("command", ["FLUSHALL", "CONFIG GET dir", "KEYS *", "EVAL 1 0", "SET other 1"])
def test_redis_lets_nobody_do_what_is_not_needed(command, redis):
    with Redis.from_url(redis.url) as client, pytest.raises(NoPermissionError):
        client.execute_command(*command.split())


def test_kafka_starts_with_the_properties_of_the_single_node(tmp_path):
    port, controller = free_port(), free_port()
    properties = tmp_path / "server.properties"
    properties.write_text(
        (COMPONENTS / "kafka-single-node" / "server.properties")
        .read_text()
        .replace("kafka.detectscale.svc", "127.0.0.1")
        .replace("9092", str(port))
        .replace("9091", str(controller))
        .replace("/var/lib/kafka/data", str(tmp_path / "data"))
    )
    identity = "ZGV0ZWN0c2NhbGUtb25lMQ"
    java = java_command(Path(default_cache_dir()))
    tool = [*java, "kafka.tools.StorageTool", "format", "--ignore-formatted", "--cluster-id", identity]

    subprocess.run([*tool, "--config", str(properties)], check=True, capture_output=True)

    command = [*java, "kafka.Kafka", str(properties)]
    log = tmp_path / "kafka.log"
    with running(command, tmp_path, log, answers=lambda: kafka_server.answers(port, identity)):
        assert "ERROR" not in log.read_text()


def test_the_broker_is_formatted_with_the_arguments_that_are_tested():
    text = (COMPONENTS / "kafka-single-node" / "kafka.yaml").read_text()

    assert "[format, --ignore-formatted, --cluster-id, ZGV0ZWN0c2NhbGUtb25lMQ, --config, " in text
