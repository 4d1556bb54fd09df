"""Clients that mean harm: refused in time, in little memory, while others are served."""

import gzip
import socket
import time
from pathlib import Path

import pytest

from tests.waiting import until

pytestmark = pytest.mark.timeout(240)
POST = b"POST /v1/frames HTTP/1.1\r\nhost: localhost\r\ncontent-type: image/jpeg\r\n"


@pytest.fixture
def gateway(start_gateway):
    return start_gateway(
        head_timeout_s=1.0,
        body_timeout_s=1.5,
        write_timeout_s=1.0,
        inflow_bytes=4_000_000,
        max_connections=50,
    )


def connect(gateway):
    connection = socket.create_connection(gateway.place)
    connection.settimeout(20)
    return connection


def rest_of(connection):
    """All that is still sent, until the other side hangs up."""
    received = b""
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except ConnectionError:
        pass
    return received


def send_without_end(connection, data):
    while True:
        connection.sendall(data)


def alive(gateway):
    began = time.monotonic()
    with socket.create_connection(gateway.place) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        ok = rest_of(connection).endswith(b"ok\n")
    return ok and time.monotonic() - began < 5


def test_slow_headers_end_in_time(gateway):
    with connect(gateway) as silent, connect(gateway) as slow:
        slow.sendall(b"GET /healthz HTTP/1.1\r\nhost: ")
        assert alive(gateway)

        assert rest_of(slow).startswith(b"HTTP/1.1 408 ")
        assert rest_of(silent) == b""


def test_a_slow_body_ends_in_time_however_it_drips(gateway):
    with connect(gateway) as connection:
        connection.sendall(POST + b"content-length: 1000\r\n\r\n")
        connection.settimeout(0.1)
        answer = b""
        deadline = time.monotonic() + 10
        while not answer and time.monotonic() < deadline:
            connection.sendall(b"x")
            try:
                answer = connection.recv(1000)
            except TimeoutError:
                continue

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answer


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(b"GET /healthz HTTP/1.1\r\nx: ", id="a header"),
        pytest.param(b"GET /", id="a path"),
        pytest.param(POST + b"transfer-encoding: chunked\r\n\r\n1;x=", id="a chunk extension"),
        pytest.param(POST + b"transfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nx: ", id="a trailer"),
    ],
)
def test_100_mb_where_no_body_belongs_are_cut_off(gateway, start):
    before = gateway.resident_mib
    sent = 0
    with connect(gateway) as connection:
        try:
            connection.sendall(start)
            for _ in range(100):
                connection.sendall(b"a" * 1_000_000)
                sent += 1
        except OSError:
            pass

    assert sent < 100
    assert gateway.resident_mib - before < 50
    assert alive(gateway)


def test_too_many_headers_are_refused_with_a_problem(gateway):
    with connect(gateway) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\n" + b"".join(b"x%d: 1\r\n" % n for n in range(200)))
        answer = rest_of(connection)

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"application/problem+json" in answer


def test_what_is_no_http_is_refused_with_a_problem(gateway):
    with connect(gateway) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        answer = rest_of(connection)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(gateway):
    with connect(gateway) as connection:
        connection.sendall(POST + b"content-length: 100000000\r\n\r\n")

        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_grows_without_end_is_refused_when_it_is_too_large(start_gateway):
    gateway = start_gateway()
    client = gateway.client()
    before = gateway.resident_mib

    def endless():
        for _ in range(100):
            yield b"a" * 1_000_000

    answer = client.post("/v1/frames", content=endless(), headers={"content-type": "image/jpeg"})

    assert (answer.status_code, answer.json()["reason"]) == (413, "body-too-large")
    assert gateway.resident_mib - before < 80


def test_all_bodies_together_have_a_bound(gateway):
    connections = [connect(gateway) for _ in range(4)]
    for connection in connections:
        connection.sendall(POST + b"content-length: 2000000\r\n\r\n" + b"a" * 1_500_000)

    answers = [rest.split(b" ", 2)[1] for rest in (connection.recv(2000) for connection in connections)]

    assert b"503" in answers  # there was no room
    assert set(answers) <= {b"503", b"408"}  # and those that had room never sent the rest
    for connection in connections:
        connection.close()


def test_forms_and_compressed_bodies_are_refused_unread(gateway):
    client = gateway.client()
    form = {"content-type": "multipart/form-data; boundary=x"}
    fields = b"".join(
        b'--x\r\ncontent-disposition: form-data; name="%d"\r\n\r\n1\r\n' % n for n in range(10**6)
    )
    zipped = {"content-type": "image/jpeg", "content-encoding": "gzip"}

    assert client.post("/v1/frames", content=fields, headers=form).status_code == 415
    assert client.post("/v1/frames", content=gzip.compress(bytes(10**8)), headers=zipped).status_code == 415
    assert alive(gateway)


def test_deep_or_wide_json_is_refused(gateway):
    client = gateway.client()
    event = {"content-type": "application/cloudevents+json"}

    for body in (b"[" * 1_000_000, b'{"a":' + b"[]," * 600_000 + b"[]}", b"9" * 1_000_000):
        answer = client.post("/v1/frames", content=body, headers=event)
        assert answer.status_code == 422, answer.text
    assert client.post("/v1/frames", content=b" " * 3_000_000, headers=event).status_code == 413
    assert alive(gateway)


def test_who_reads_nothing_is_cut_off(gateway):
    with connect(gateway) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(1)
        with pytest.raises(OSError, match=r"reset|timed out|Broken pipe"):
            send_without_end(connection, b"GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n" * 2000)

        until(lambda: _connections(gateway) == 0, within_s=20)


def test_more_connections_than_allowed_are_closed_and_leave_room_again(gateway):
    connections = [connect(gateway) for _ in range(60)]
    until(lambda: _connections(gateway) <= 50)
    for connection in connections:
        connection.close()

    until(lambda: alive(gateway))


def _connections(gateway):
    """How many established connections the kernel has at the gateway's end."""
    port = f":{gateway.place[1]:04X}"
    sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(local.endswith(port) and state == "01" for _, local, _, state, *_ in sockets)
