"""Both clients before a gateway that is a function: what they send, and what they put up with."""

import asyncio
import contextlib
import json
import ssl

import httpx
import pytest

from detectscale import AsyncClient, Client
from detectscale.client import BadAnswerError, Lost
from detectscale.client.connection import MAX_ANSWER_BYTES, bound, unreachable
from frames.errors import ConfigError
from tests.unit.detectscale.client.test_answers import DETECTED

URL = "http://gateway/shops"


class Parts(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in pieces, and how many of them were taken."""

    def __init__(self, *parts):
        self._parts = parts
        self.taken = 0

    def __iter__(self):
        for part in self._parts:
            self.taken += 1
            yield part

    async def __aiter__(self):
        for part in self:
            yield part


def sync_latest(gateway, key=None):
    with Client(URL, key, transport=httpx.MockTransport(gateway)) as client:
        return client.latest("door")


def async_latest(gateway, key=None):
    async def latest():
        async with AsyncClient(URL, key, transport=httpx.MockTransport(gateway)) as client:
            return await client.latest("door")

    return asyncio.run(latest())


def sync_first(gateway):
    with (
        Client(URL, transport=httpx.MockTransport(gateway)) as client,
        contextlib.closing(client.follow("door", "person")) as outcomes,
    ):
        return next(outcomes)


def async_first(gateway):
    async def first():
        async with (
            AsyncClient(URL, transport=httpx.MockTransport(gateway)) as client,
            contextlib.aclosing(client.follow("door", "person")) as outcomes,
        ):
            return await anext(outcomes)

    return asyncio.run(first())


both = pytest.mark.parametrize(
    "latest", [pytest.param(sync_latest, id="sync"), pytest.param(async_latest, id="async")]
)
both_follow = pytest.mark.parametrize(
    "first", [pytest.param(sync_first, id="sync"), pytest.param(async_first, id="async")]
)
STREAM = {"content-type": "text/event-stream; charset=utf-8"}


@both
def test_the_key_goes_with_each_request_below_the_address_as_given(latest):
    asked = []

    def gateway(request):
        asked.append(request)
        return httpx.Response(200, json=DETECTED)

    assert latest(gateway, "ds_secret").id == DETECTED["id"]
    [request] = asked
    assert str(request.url) == f"{URL}/v1/cameras/door/latest"
    assert request.headers["authorization"] == "Bearer ds_secret"
    assert request.headers["accept-encoding"] == "identity"


@both
def test_an_answer_without_end_is_read_only_so_far(latest):
    body = Parts(*[b"\n\n" + b" " * 998] * 20_000)

    with pytest.raises(BadAnswerError, match="more than 4194304 bytes"):
        latest(lambda request: httpx.Response(200, stream=body))

    assert body.taken <= MAX_ANSWER_BYTES / 1000 + 1


@both
def test_a_compressed_answer_is_not_opened(latest):
    with pytest.raises(BadAnswerError, match="compressed"):
        latest(lambda request: httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Parts(b"")))


@both
def test_the_key_is_sent_to_nobody_else(latest):
    asked = []

    def gateway(request):
        asked.append(request)
        return httpx.Response(307, headers={"location": "http://elsewhere/"})

    with pytest.raises(BadAnswerError, match=r"Temporary Redirect \(http-307\); check the address"):
        latest(gateway, "ds_secret")

    assert [request.url.host for request in asked] == ["gateway"]


@both_follow
def test_a_stream_yields_what_comes_however_it_is_cut(first):
    text = f": hello\n\nevent: detected\ndata: {json.dumps(DETECTED)}\n\n".encode()
    asked = []

    def gateway(request):
        asked.append(request)
        return httpx.Response(
            200, headers=STREAM, stream=Parts(*[text[i : i + 7] for i in range(0, 2000, 7)])
        )

    assert first(gateway).id == DETECTED["id"]
    assert str(asked[0].url) == f"{URL}/v1/stream?camera=door&label=person"


@both_follow
def test_a_long_stream_is_no_large_answer(first):
    heartbeats = [b": still here" + b"." * 10_000 + b"\n\n"] * 1000

    lost = first(
        lambda request: httpx.Response(
            200, headers=STREAM, stream=Parts(*heartbeats, b'event: lost\ndata: {"count": 3}\n\n')
        )
    )

    assert lost == Lost(3)


@both_follow
@pytest.mark.parametrize("line", [b"." * 1000, b"data: " + b"1" * 100 + b"\n"])
def test_an_event_without_end_is_read_only_so_far(first, line):
    body = Parts(*[line] * 1_000_000)

    with pytest.raises(BadAnswerError, match="more than 4194304 bytes"):
        first(lambda request: httpx.Response(200, headers=STREAM, stream=body))

    assert body.taken <= MAX_ANSWER_BYTES / len(line) + 1


@both_follow
@pytest.mark.parametrize(
    "headers", [{}, {"content-type": "text/html"}, STREAM | {"content-encoding": "gzip"}]
)
def test_what_is_no_stream_is_an_error_and_not_waited_for(first, headers):
    with pytest.raises(BadAnswerError, match="check the address"):
        first(lambda request: httpx.Response(200, headers=headers, stream=Parts(b"<html>")))


def test_an_answer_that_trickles_in_is_not_waited_for_without_end():
    body = Parts(*[b" "] * 1000)
    response = httpx.Response(200, stream=body, request=httpx.Request("GET", URL))

    bound(response, lambda: 100.0 + body.taken, within_s=20.0)

    with pytest.raises(httpx.ReadTimeout, match="too slowly"):
        response.read()
    assert body.taken == 21


@pytest.mark.parametrize("client", [Client, AsyncClient])
@pytest.mark.parametrize(
    "url",
    ["", "gateway:8080", "ftp://gateway", "http://", "http://[::1", "http://gateway:port", "http://a\nb"],
)
def test_what_is_no_address_is_told_before_anything_is_asked(client, url):
    with pytest.raises(ConfigError, match="is no address such as http://localhost:8080"):
        client(url)


@pytest.mark.parametrize("key", ["", "a key", "ds_\n", "schlüssel", "x" * 2000])
def test_what_is_no_key_is_told_without_showing_it(key):
    with pytest.raises(ConfigError, match=r"^gateway: the key is empty, or has characters that no key has$"):
        Client("http://gateway", key)


def test_an_address_with_a_password_is_refused_without_showing_it():
    with pytest.raises(ConfigError) as error:
        Client("http://shop:secret@gateway")

    assert "secret" not in str(error.value)


def test_a_certificate_that_is_not_trusted_is_no_outage():
    refused = ssl.SSLCertVerificationError("certificate verify failed")
    refused.verify_message = "self-signed certificate"
    error = httpx.ConnectError("no")
    error.__cause__ = OSError()
    error.__cause__.__context__ = refused

    with pytest.raises(ConfigError, match="self-signed certificate; name its authority in SSL_CERT_FILE"):
        unreachable(error, "https://gateway")


def test_a_header_that_cannot_be_sent_is_our_mistake():
    with pytest.raises(ConfigError, match="cannot be asked so"):
        unreachable(httpx.LocalProtocolError("Illegal header value"), "http://gateway")
