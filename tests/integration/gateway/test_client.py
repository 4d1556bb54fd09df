"""The client library, sync and asyncio alike, with a real gateway, broker and worker."""

import asyncio
import functools
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import trustme

from detectscale import AsyncClient, Client
from detectscale.client import Detected, GatewayUnavailableError, Lost, PendingError, RefusedError
from detectscale.embedded.ports import free_port
from detectscale.settings import overrides
from frames.errors import ConfigError
from frames.gateway.gateway_settings import GatewaySettings, TenantLimits
from frames.ledger import read_ledger
from frames.results import stored
from tests.integration.gateway.conftest import GatewayProcess
from tests.waiting import until

pytestmark = pytest.mark.timeout(240)


class Awaited:
    """An `AsyncClient` whose calls are run to their end one by one, all in one event loop."""

    def __init__(self, *arguments, **options):
        self._runner = asyncio.Runner()
        self._client = AsyncClient(*arguments, **options)

    def __getattr__(self, name):
        return lambda *arguments, **options: self._runner.run(
            getattr(self._client, name)(*arguments, **options)
        )

    def follow(self, *arguments, **options):
        outcomes = self._client.follow(*arguments, **options)

        async def following():
            return await anext(outcomes)

        try:
            while True:
                yield self._runner.run(following())
        finally:
            self._runner.run(outcomes.aclose())

    def close(self):
        self._runner.run(self._client.aclose())
        self._runner.close()


@pytest.fixture(params=[Client, Awaited], ids=["sync", "async"])
def connect(request):
    """Makes clients, which are closed at the end."""
    clients = []

    def connect(*arguments, **options):
        clients.append(request.param(*arguments, **options))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


@pytest.fixture
def start_at(settings, tmp_path):
    """Starts a gateway at a port; two of them never at the same time."""
    gateways = []

    def start_at(port, failpoint=""):
        log = tmp_path / f"gateway-at-{port}-{len(gateways)}.log"
        gateways.append(GatewayProcess(GatewaySettings(port=port), overrides(settings), log, failpoint))
        return gateways[-1]

    yield start_at
    for gateway in gateways:
        gateway.end()


def test_a_picture_is_published_waited_for_and_comes_back_with_its_boxes(
    connect, start_gateway, worker, projector, picture, tmp_path
):
    client = connect(start_gateway().url)
    file = tmp_path / "shop.jpg"
    file.write_bytes(picture)
    assert client.latest("../hall 1") is None

    frame_id = client.publish(file, "../hall 1", captured_at=1_764_000_000.25)
    result = client.wait(frame_id)
    detected = client.detect(picture, "../hall 1")

    assert isinstance(result, Detected)
    assert (result.id, result.camera, result.captured_at) == (frame_id, "../hall 1", 1_764_000_000.25)
    assert "person" in {found.label for found in result.detections}
    assert all(0 <= x1 < x2 <= result.width for x1, _, x2, _ in (found.box for found in result.detections))
    assert detected.detections == result.detections
    assert detected.id != frame_id
    until(lambda: client.latest("../hall 1") == detected)
    assert client.cameras() == ["../hall 1"]


def test_a_frame_that_nobody_detects_stays_pending_and_keeps_its_id(connect, start_gateway, picture):
    client = connect(start_gateway().url)
    began = time.monotonic()

    with pytest.raises(PendingError, match="no outcome yet") as error:
        client.detect(picture, "door", timeout_s=1.5)

    assert 1.4 < time.monotonic() - began < 10
    with pytest.raises(PendingError):
        client.wait(error.value.frame_id, timeout_s=0)


@pytest.mark.parametrize("failpoint", ["after-ack", "after-remember"])
def test_a_gateway_killed_before_it_could_answer_is_asked_again_for_the_same_frame(
    connect, start_at, worker, picture, kafka, topics, failpoint
):
    port = free_port()
    dying = start_at(port, failpoint)
    client = connect(dying.url)

    with ThreadPoolExecutor() as pool:
        published = pool.submit(client.publish, picture, "door")
        assert dying.process.wait(timeout=30) == -9
        assert read_ledger(kafka, topics).records == 1  # acknowledged, and nobody was told
        start_at(port)
        frame_id = published.result(timeout=60)

    assert client.wait(frame_id).status == "detected"
    until(lambda: read_ledger(kafka, topics).balanced)
    assert {outcome.frame_id for outcome in stored(kafka, topics)} == {frame_id}


def test_a_follower_goes_on_after_the_gateway_was_away_and_is_told_of_the_gap(
    connect, start_at, worker, picture
):
    port = free_port()
    first = start_at(port)
    with detected_all_along(first.url, picture), closing(connect(first.url).follow("door")) as outcomes:
        assert isinstance(next(outcomes), Detected)
        first.process.kill()
        first.process.wait()
        second = start_at(port)
        assert next(outcome for outcome in outcomes if isinstance(outcome, Lost)) == Lost(None)
        assert isinstance(next(outcomes), Detected)
        assert second.stop() == 0  # it ends its streams itself: a gap too
        start_at(port)
        assert next(outcome for outcome in outcomes if isinstance(outcome, Lost)) == Lost(None)
        assert isinstance(next(outcomes), Detected)


def test_only_what_was_asked_for_is_followed(connect, start_gateway, worker, picture):
    url = start_gateway().url
    with detected_all_along(url, picture):
        with closing(connect(url).follow(camera="door", label="person")) as outcomes:
            assert {next(outcomes).camera for _ in range(3)} == {"door"}
        with closing(connect(url).follow()) as outcomes:
            assert {next(outcomes).camera for _ in range(3)} == {"door", "hall"}


def test_who_is_sent_away_comes_again_when_told(connect, start_gateway, keys):
    file, key = keys
    gateway = start_gateway(keys_file=str(file), limits=TenantLimits(rate_per_s=1.0, burst=1))
    client = connect(gateway.url, key["shop-1"])
    began = time.monotonic()

    assert [client.latest("door") for _ in range(3)] == [None] * 3

    assert time.monotonic() - began >= 1.9
    assert 'refused_total{reason="rate-limit"}' in gateway.client().get("/metrics").text
    hasty = connect(gateway.url, key["shop-1"], retry_s=0.5)
    with pytest.raises(GatewayUnavailableError, match=r"come again in 1 s") as error:
        [hasty.latest("door") for _ in range(2)]
    assert (error.value.reason, error.value.retry_after_s) == ("rate-limit", 1.0)


def test_a_wrong_key_is_one_error_at_once(connect, start_gateway, keys, picture):
    client = connect(start_gateway(keys_file=str(keys[0])).url, "ds_wrong")

    for call in (
        functools.partial(client.publish, picture, "door"),
        functools.partial(client.wait, "f1"),
        functools.partial(client.latest, "door"),
        functools.partial(next, client.follow()),
    ):
        began = time.monotonic()
        with pytest.raises(RefusedError, match="no valid API key") as error:
            call()
        assert (error.value.reason, error.value.status) == ("unknown-key", 401)
        assert "ds_wrong" not in str(error.value)
        assert time.monotonic() - began < 20  # it was not tried for `retry_s`


def test_what_is_no_picture_and_what_nobody_sent_are_refused_with_their_reason(
    connect, start_gateway, picture
):
    client = connect(start_gateway().url)

    with pytest.raises(RefusedError) as error:
        client.publish(b"<svg/>", "door")
    assert (error.value.reason, error.value.status) == ("unsupported-image", 422)
    with pytest.raises(RefusedError) as error:
        client.wait("../../metrics")
    assert error.value.reason == "not-found"
    client.publish(picture, "door", idempotency_key="17")
    with pytest.raises(RefusedError, match="give another") as error:
        client.publish(picture, "hall", idempotency_key="17")
    assert error.value.reason == "idempotency-key-reused"
    with pytest.raises(RefusedError, match="Idempotency-Key must have"):
        client.publish(picture, "door", idempotency_key="für 17")
    with pytest.raises(FileNotFoundError):
        client.publish("nowhere.jpg", "door")


def test_where_nobody_listens_is_tried_for_a_while(connect):
    client = connect(f"http://127.0.0.1:{free_port()}", retry_s=1.0)

    for call in (functools.partial(client.latest, "door"), functools.partial(next, client.follow())):
        began = time.monotonic()
        with pytest.raises(GatewayUnavailableError, match="no answer"):
            call()
        assert 0.9 < time.monotonic() - began < 15


def test_a_certificate_that_is_not_trusted_is_told_at_once(connect):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    server = HTTPServer(("localhost", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        client = connect(f"https://localhost:{server.server_port}")
        with pytest.raises(ConfigError, match=r"its certificate is not trusted: .*SSL_CERT_FILE"):
            client.latest("door")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_one_client_serves_many_threads(start_gateway, picture, kafka, topics):
    with Client(start_gateway().url) as client, ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda number: client.publish(picture, f"camera-{number}"), range(40)))

    assert len(set(ids)) == read_ledger(kafka, topics).records == 40


def test_one_asyncio_client_serves_many_tasks(start_gateway, picture, kafka, topics):
    async def publish_all(url):
        async with AsyncClient(url) as client:
            return await asyncio.gather(*(client.publish(picture, f"camera-{n}") for n in range(40)))

    ids = asyncio.run(publish_all(start_gateway().url))

    assert len(set(ids)) == read_ledger(kafka, topics).records == 40


@contextmanager
def detected_all_along(url, picture) -> Iterator[None]:
    """Pictures of two cameras, one after the other, as long as the block lasts."""
    enough = threading.Event()

    def detect():
        with Client(url) as client:
            while not enough.is_set():
                for camera in ("door", "hall"):
                    with suppress(PendingError, GatewayUnavailableError):
                        client.detect(picture, camera, timeout_s=5.0)

    with ThreadPoolExecutor(1) as pool:
        detecting = pool.submit(detect)
        try:
            yield
        finally:
            enough.set()
        detecting.result()
