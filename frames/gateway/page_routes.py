"""
`/` and `/playground`: the pages, static files that speak to the same endpoints as every other client.

The files hold no data, so they need no key; what they show is asked for with one. Nothing is built and
nothing is loaded from elsewhere: a page is HTML, one style sheet or two, and small ES modules. The policy
below leaves a page nothing but that: no inline script or style, and no text that becomes markup.
"""

from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from importlib.resources import files
from pathlib import PurePath

from fastapi import APIRouter, Request, Response

from frames.gateway.problem import ProblemError, Reason

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",  # keep it, but ask each time whether it is still this one
}
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""What a page consists of; other files in the folder are not served."""


@dataclass(frozen=True, slots=True)
class File:
    """One file, as it is sent."""

    content: bytes
    media_type: str
    etag: str
    """Quoted, as the header wants it."""


def page_routes() -> APIRouter:
    """The routes; the files are read once, here."""
    pages = read_pages()
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def dashboard(request: Request) -> Response:
        return _answer(pages["index.html"], request)

    @router.get("/playground")
    async def playground(request: Request) -> Response:
        return _answer(pages["playground.html"], request)

    @router.get("/pages/{name}")
    async def part(name: str, request: Request) -> Response:
        if name not in pages:
            raise ProblemError(HTTPStatus.NOT_FOUND, Reason.NOT_FOUND, "there is no such page")
        return _answer(pages[name], request)

    return router


def read_pages() -> dict[str, File]:
    """Every file of the pages, by its name."""
    pages = {}
    for file in (files(__package__) / "pages").iterdir():
        media_type = MEDIA_TYPES.get(PurePath(file.name).suffix)
        if media_type is not None:
            content = file.read_bytes()
            pages[file.name] = File(content, media_type, f'"{sha256(content).hexdigest()[:32]}"')
    return pages


def _answer(file: File, request: Request) -> Response:
    headers = HEADERS | {"etag": file.etag}
    known = request.headers.get("if-none-match", "")
    if file.etag in (each.strip().removeprefix("W/") for each in known.split(",")):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(file.content, headers=headers | {"content-type": file.media_type})
