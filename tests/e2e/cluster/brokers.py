"""
Kafka and Redis on the node's address: pods, KEDA and tests reach them by the same name.

The embedded servers listen on 127.0.0.1 only; here the same servers get an address of the cluster's own
network, which nobody else can reach.
"""

from uuid import uuid4

from detectscale.embedded.jvm import java_command
from detectscale.embedded.kafka_jars import default_cache_dir
from detectscale.embedded.kafka_server import SETTINGS
from detectscale.embedded.redis_server import redis_binary
from frames.clients import KafkaSettings, admin
from frames.errors import UnavailableError
from tests.e2e.cluster.machine import Machine
from tests.e2e.cluster.places import KAFKA, NODE_ADDRESS, REDIS, Places
from tests.e2e.cluster.processes import Process

CONTROLLER = "127.0.0.1:9091"
ADDRESSES = {
    "listeners": f"PLAINTEXT://{KAFKA},CONTROLLER://{CONTROLLER}",
    "advertised.listeners": f"PLAINTEXT://{KAFKA}",
    "controller.quorum.voters": f"1@{CONTROLLER}",
}


def kafka(machine: Machine, places: Places) -> Process:
    """One broker, formatted here; its records stay when it is stopped and started again."""
    folder = places.state / "kafka"
    folder.mkdir(parents=True)
    (folder / "server.properties").write_text(
        "".join(f"{key}={value}\n" for key, value in (SETTINGS | ADDRESSES).items())
    )
    java = java_command(default_cache_dir())
    tool = [*java, "kafka.tools.StorageTool", "format", "--cluster-id", uuid4().hex[:22], "--config"]
    machine.run(*tool, "server.properties", folder=folder)
    serve = [*java, "kafka.Kafka", "server.properties"]
    return Process(machine, "kafka", serve, places.logs / "kafka.log", kafka_answers, folder=folder)


def redis(machine: Machine, places: Places) -> Process:
    """Empty, and nothing of it on disk."""
    serve = [str(redis_binary()), "--bind", NODE_ADDRESS, "--protected-mode", "no", "--save", ""]
    return Process(machine, "redis", serve, places.logs / "redis.log", redis_answers)


def kafka_answers() -> bool:
    """Ask once whether the broker is up."""
    try:
        admin(KafkaSettings(bootstrap_servers=KAFKA, connect_timeout_s=1)).close()
    except UnavailableError:
        return False
    return True


def redis_answers() -> bool:
    """Ask once whether Redis is up."""
    from redis import Redis, RedisError

    try:
        with Redis.from_url(REDIS, socket_timeout=1, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except RedisError:
        return False
