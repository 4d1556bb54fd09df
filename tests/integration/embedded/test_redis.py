import socket
import threading

import pytest
from redis import Redis

from detectscale.embedded import EmbeddedError
from detectscale.embedded.redis_server import EmbeddedRedis


def test_it_answers_and_starts_empty(tmp_path):
    for _ in range(2):
        with EmbeddedRedis(tmp_path) as redis, Redis.from_url(redis.url) as client:
            assert client.dbsize() == 0
            client.set("camera", "door")
            assert client.get("camera") == b"door"


def test_leaving_the_block_leaves_no_process(tmp_path, servers_in):
    with EmbeddedRedis(tmp_path):
        assert len(servers_in(tmp_path / "redis")) == 1

    assert servers_in(tmp_path / "redis") == []


def test_a_used_port_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        with (
            pytest.raises(EmbeddedError, match=f"port {port}: Address already in use: choose another"),
            EmbeddedRedis(tmp_path, port=port),
        ):
            pass


def test_two_runs_on_one_state_directory_do_not_start(tmp_path):
    with (
        EmbeddedRedis(tmp_path),
        pytest.raises(EmbeddedError, match=f"state directory {tmp_path}/redis: in use by process"),
        EmbeddedRedis(tmp_path),
    ):
        pass


def test_a_thread_cannot_start_a_server_that_would_end_with_it(tmp_path):
    failures: list[RuntimeError] = []

    def enter() -> None:
        try:
            EmbeddedRedis(tmp_path).__enter__()
        except RuntimeError as error:
            failures.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()

    assert "main thread" in str(failures[0])
