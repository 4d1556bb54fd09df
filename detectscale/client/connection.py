"""
Between our requests and httpx: addresses and keys checked, answers bounded, failures translated.
"""

import re
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx

from detectscale import __version__
from detectscale.client.client_errors import BadAnswerError, GatewayUnavailableError
from detectscale.client.exchange import Ask, Reply
from detectscale.client.stream import SILENT_S
from frames.errors import ConfigError

CONNECT_S = 5.0
MAX_ANSWER_BYTES = 4 * 1024 * 1024
"""Of one answer, or one event of a stream; a gateway's are far smaller."""
_KEY = re.compile(r"[\x21-\x7e]{1,1000}")


def options(url: str, key: str | None) -> dict[str, Any]:
    """
    What both of httpx's clients are made with.

    Raises:
        ConfigError: Nobody can be reached by this address, or no key looks like this one.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        usable = False
    if not usable:
        raise ConfigError(f"gateway: {url!r} is no address such as http://localhost:8080")
    if parts.username is not None:
        raise ConfigError("gateway: an address holds no user and password; give the key by itself")
    headers = {
        "user-agent": f"detectscale/{__version__}",
        "accept-encoding": "identity",  # what is small when compressed may be of any size
    }
    if key is not None:
        if not _KEY.fullmatch(key):
            raise ConfigError("gateway: the key is empty, or has characters that no key has")
        headers["authorization"] = f"Bearer {key}"
    return {"base_url": url, "headers": headers, "timeout": _timeout(SILENT_S)}


def request(client: httpx.Client | httpx.AsyncClient, ask: Ask) -> httpx.Request:
    """*ask* as httpx says it."""
    return client.build_request(
        ask.method,
        ask.path,
        params=ask.params,
        headers={name.encode(): value.encode() for name, value in ask.headers.items()},
        content=ask.body,
        timeout=_timeout(ask.within_s),
    )


def reply(response: httpx.Response, at: float) -> Reply:
    """A *response* that has been read."""
    url = address(response.request)
    return Reply(url, response.status_code, response.headers.get("retry-after"), response.content, at)


def bound(response: httpx.Response, clock: Callable[[], float], within_s: float | None) -> None:
    """
    Let *response* be read no further than an answer goes.

    Args:
        within_s: How long reading may take; None: it is a stream of events, each of which is bounded.

    Raises:
        BadAnswerError: It is compressed; or, while it is read, it is too large.
    """
    url = address(response.request)
    if response.headers.get("content-encoding", "identity") != "identity":
        raise BadAnswerError(f"{url}: a compressed answer, which was not asked for; check the address")
    response.stream = Bounded(response.stream, url, clock, None if within_s is None else clock() + within_s)


def begins_stream(response: httpx.Response, clock: Callable[[], float]) -> bool:
    """Whether *response* is a stream of events, and no refusal; bounded either way, errors as `bound`."""
    if response.status_code != HTTPStatus.OK:
        bound(response, clock, CONNECT_S)
        return False
    if response.headers.get("content-type", "").partition(";")[0].strip() != "text/event-stream":
        raise BadAnswerError(f"{address(response.request)}: no stream of events; check the address")
    bound(response, clock, None)
    return True


def unreachable(error: httpx.TransportError, url: str) -> GatewayUnavailableError:
    """The error for a request that was not answered; ConfigError is raised if none ever will be."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise ConfigError(
                f"{url}: its certificate is not trusted: {cause.verify_message}; name its authority in "
                "SSL_CERT_FILE"
            ) from error
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError):
        raise ConfigError(f"{url}: cannot be asked so: {error}") from error
    return GatewayUnavailableError(f"{url}: no answer: {error or type(error).__name__}")


def address(request: httpx.Request) -> str:
    """Whom was asked, without the query."""
    return str(request.url.copy_with(query=None))


class Bounded(httpx.SyncByteStream, httpx.AsyncByteStream):
    """
    The bytes of an answer, or of a stream of events, as long as they are not too many.

    Args:
        until: When an answer must be complete; None: these are events, which a blank line ends.
    """

    def __init__(self, stream: Any, url: str, clock: Callable[[], float], until: float | None) -> None:
        self._stream = stream
        self._url = url
        self._clock = clock
        self._until = until
        self._held_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            self._check(chunk)
            yield chunk

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            self._check(chunk)
            yield chunk

    def close(self) -> None:
        self._stream.close()

    async def aclose(self) -> None:
        await self._stream.aclose()

    def _check(self, chunk: bytes) -> None:
        begun = chunk
        if self._until is None:
            _, blank, begun = chunk.rpartition(b"\n\n")
            if blank:
                self._held_bytes = 0
        elif self._clock() > self._until:
            raise httpx.ReadTimeout("the answer comes too slowly")
        self._held_bytes += len(begun)
        if self._held_bytes > MAX_ANSWER_BYTES:
            raise BadAnswerError(f"{self._url}: more than {MAX_ANSWER_BYTES} bytes; check the address")


def _timeout(within_s: float) -> httpx.Timeout:
    return httpx.Timeout(within_s, connect=CONNECT_S)
