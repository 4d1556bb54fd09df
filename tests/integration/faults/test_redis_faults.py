"""Redis gone, full, read-only, slow and emptied: numbers 43 to 47. Workers notice nothing."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import RedisError

from autoscaler.leash import leashed
from detectscale.embedded.ports import HOST, free_port
from detectscale.embedded.redis_server import SETTINGS, redis_binary
from frames.errors import UnavailableError
from frames.projection import RedisSettings
from frames.results import Results
from tests.integration.faults.brokers import state_of
from tests.integration.faults.command_process import CommandProcess
from tests.integration.faults.rig import lasting
from tests.waiting import until

pytestmark = pytest.mark.timeout(120)


class RedisServer:
    """A Redis whose process may be killed, frozen and started again, empty, at the same address."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self._folder = folder
        self.client = Redis(host=HOST, port=self._port, socket_timeout=1, retry=None)
        self.settings = RedisSettings(url=f"redis://{HOST}:{self._port}/0", timeout_s=1.0)
        self.start()

    def start(self) -> None:
        command = [str(redis_binary()), "--port", str(self._port), *SETTINGS]
        with (self._folder / "redis.log").open("ab") as output:
            self._process = subprocess.Popen(
                leashed(command), cwd=self._folder, stdout=output, stderr=output, start_new_session=True
            )
        until(lambda: self.refusal() == "", 20, 0.05)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    def refusal(self) -> str:
        """What Redis answers to a write: the name of its error, empty if it takes it."""
        try:
            self.client.set("probe", "1")
        except RedisError as error:
            return f"{type(error).__name__}: {error}"
        return ""

    def close(self) -> None:
        self._process.send_signal(signal.SIGCONT)
        self.kill()
        self.client.close()


@pytest.fixture
def redis(tmp_path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    yield server
    server.close()


@contextmanager
def gone(redis: RedisServer) -> Iterator[str]:
    redis.kill()
    with pytest.raises(Unreachable):
        redis.client.ping()
    with pytest.raises(UnavailableError):  # and not "there is no such result"
        Results(redis.settings).by_frame("any")
    yield "killed"
    redis.start()


@contextmanager
def full(redis: RedisServer) -> Iterator[str]:
    redis.client.config_set("maxmemory", "1")
    yield redis.refusal()
    redis.client.config_set("maxmemory", "0")


@contextmanager
def read_only(redis: RedisServer) -> Iterator[str]:
    redis.client.replicaof(HOST, str(free_port()))
    yield redis.refusal()
    redis.client.replicaof("NO", "ONE")


@contextmanager
def without_replicas(redis: RedisServer) -> Iterator[str]:
    redis.client.config_set("min-replicas-to-write", "1")
    yield redis.refusal()
    redis.client.config_set("min-replicas-to-write", "0")


@contextmanager
def frozen(redis: RedisServer) -> Iterator[str]:
    os.kill(redis.pid, signal.SIGSTOP)
    until(lambda: state_of(redis.pid) == "T", 5)
    yield redis.refusal()
    os.kill(redis.pid, signal.SIGCONT)


@contextmanager
def flushed(redis: RedisServer) -> Iterator[str]:
    keys = redis.client.dbsize()
    redis.client.flushall()
    yield f"{keys} keys flushed" if keys else ""


@pytest.mark.parametrize(
    ("what", "fault"),
    [
        pytest.param("43 Redis killed, back empty", gone, id="gone"),
        pytest.param("44 Redis full", full, id="full"),
        pytest.param("45 Redis is a replica", read_only, id="read-only"),
        pytest.param("45 Redis lacks replicas", without_replicas, id="no-replicas"),
        pytest.param("46 Redis answers nobody", frozen, id="frozen"),
        pytest.param("47 Redis flushed", flushed, id="flushed"),
    ],
)
def test_workers_never_notice_what_befalls_redis_and_the_projection_catches_up(
    rig, redis, tmp_path, what, fault
):
    stage = rig(what, rate=6.0)  # one worker has to keep up
    settings = stage.settings.model_copy(update={"redis": redis.settings})
    projector = CommandProcess("projector", ["project"], settings, tmp_path, {})
    try:
        stage.steady(workers=1)
        results = Results(redis.settings)
        until(lambda: results.cameras())

        stage.broken()
        with fault(redis) as fired:
            lasting(4)
        stage.healed()

        stage.verdict(fired=fired, in_flight=0, progress=True)
        until(lambda: all(results.by_frame(frame) for frame in stage.load.frame_ids.values()), 30, 0.5)
        assert projector.alive
    finally:
        projector.end()
        print(projector.said)
