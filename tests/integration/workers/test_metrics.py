"""The pages of a worker on a real socket, and clients that mean no good."""

import http.client
import socket
import threading
import time
from contextlib import closing

import pytest
from prometheus_client.parser import text_string_to_metric_families

from frames.errors import ConfigError
from frames.health import MAX_CONNECTIONS, MAX_REQUEST_BYTES, serve
from tests.waiting import until
from workers.exposition import exposition
from workers.metrics import WorkerMetrics

PORT = "worker.http_port"


class Worker:
    """What the pages show."""

    def __init__(self):
        self.metrics = WorkerMetrics()
        self.hangs = None
        self.unready = None

    def exposition(self):
        return exposition(self.metrics)


@pytest.fixture
def worker():
    return Worker()


@pytest.fixture
def server(worker):
    with closing(
        serve("127.0.0.1", 0, worker.exposition, lambda: worker.hangs, lambda: worker.unready, PORT)
    ) as listening:
        yield listening


def ask(server, path, method="GET"):
    """Status, headers and body."""
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()


def talk(server, said: bytes) -> bytes:
    """Everything that comes back until the other side hangs up."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(said)
        with connection.makefile("rb") as answer:
            return answer.read()


def test_a_worker_that_hangs_is_not_healthy_and_says_why_in_one_line(server, worker):
    assert ask(server, "/healthz")[::2] == (200, "ok\n")

    worker.hangs = "a batch has taken 70 s"

    assert ask(server, "/healthz")[::2] == (503, "a batch has taken 70 s\n")


def test_a_worker_without_kafka_is_healthy_but_not_ready(server, worker):
    worker.unready = "Kafka has not answered for 12 s"

    assert ask(server, "/readyz")[::2] == (503, "Kafka has not answered for 12 s\n")
    assert ask(server, "/healthz")[0] == 200


def test_prometheus_reads_the_metrics(server, worker):
    worker.metrics.batch(4, 0.2, "cpu")

    status, headers, body = ask(server, "/metrics?ignored=1")

    families = {family.name: family for family in text_string_to_metric_families(body)}
    assert (status, headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert families["detectscale_batch_seconds"].type == "histogram"


def test_head_answers_without_a_body(server):
    status, headers, body = ask(server, "/healthz", method="HEAD")

    assert (status, headers["Content-Length"], body) == (200, "3", "")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_nothing_but_reading_is_allowed(server, method):
    status, headers, _ = ask(server, "/metrics", method)

    assert (status, headers["Allow"]) == (405, "GET, HEAD")


def test_an_unknown_page_is_not_repeated_to_whoever_asked(server):
    status, headers, body = ask(server, "/<script>alert(1)</script>")

    assert status == 404
    assert "script" not in body + str(headers)
    assert headers["Content-Type"] == "text/plain"


@pytest.mark.parametrize(
    "request_line",
    [
        pytest.param(b"<script> / HTTP/1.1", id="strange method"),
        pytest.param(b"GET /healthz HTTP/9.script", id="strange version"),
        pytest.param(b"\x16\x03\x01script", id="TLS"),
        pytest.param(b"GET script", id="one word"),
    ],
)
def test_what_is_not_http_is_answered_without_its_own_words(server, request_line):
    answer = talk(server, request_line + b"\r\n\r\n")

    assert b"script" not in answer
    assert ask(server, "/healthz")[0] == 200


def test_a_request_larger_than_allowed_is_not_read_to_its_end(server):
    said = b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 2 * MAX_REQUEST_BYTES

    try:
        answer = talk(server, said)
    except ConnectionError:  # it hung up while we were still talking
        answer = b""

    assert answer == b""


def test_a_client_that_never_finishes_is_left_within_seconds(server):
    began_at = time.monotonic()

    answer = talk(server, b"GET /healthz HTTP/1.1\r\n")

    assert answer == b""
    assert time.monotonic() - began_at < 8


def test_a_client_that_dribbles_gains_no_time(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=0.2) as slow:
        began_at, answer = time.monotonic(), None
        while answer is None and time.monotonic() - began_at < 8:
            try:
                slow.sendall(b"G")
                answer = slow.recv(1)
            except TimeoutError:
                continue
            except ConnectionError:
                answer = b""

    assert answer == b""


def answering() -> int:
    """Threads that answer a connection."""
    return sum("process_request" in thread.name for thread in threading.enumerate())


def test_hundreds_of_silent_clients_do_not_keep_kubelet_waiting(server):
    before = answering()
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(10 * MAX_CONNECTIONS)]
    try:
        began_at = time.monotonic()
        answers = {ask(server, "/healthz")[0] for _ in range(20)}
        took_s = time.monotonic() - began_at
        until(lambda: answering() - before <= MAX_CONNECTIONS)
    finally:
        for connection in silent:
            connection.close()

    assert answers == {200}
    assert took_s / 20 < 1.0, "the time-out of a silent client is 2 s: somebody waited for it"


def test_many_ask_at_once(server, worker):
    answers = []
    clients = [
        threading.Thread(target=lambda: answers.append(ask(server, "/metrics")[0]))
        for _ in range(MAX_CONNECTIONS)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()

    assert answers == [200] * MAX_CONNECTIONS


def test_a_port_that_is_taken_is_one_clear_line(server, worker):
    with pytest.raises(ConfigError, match=r"^worker.http_port: cannot listen on 127.0.0.1 port \d+: Address"):
        serve("127.0.0.1", server.port, worker.exposition, lambda: None, lambda: None, PORT)


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("no such host", 0), ("::1%x", 0)])
def test_an_address_that_cannot_be_is_one_clear_line(worker, host, port):
    with pytest.raises(ConfigError, match=r"^worker\.http_port: cannot listen"):
        serve(host, port, worker.exposition, lambda: None, lambda: None, PORT)


def test_a_page_that_fails_is_logged_and_the_next_one_answers(server, worker, caplog):
    worker.metrics.cold_start_s = None

    assert talk(server, b"GET /metrics HTTP/1.1\r\n\r\n") == b""
    assert ask(server, "/healthz")[0] == 200
    assert "a request was not answered" in caplog.text
