"""The pages as they are served."""

import asyncio
import re

import httpx
import pytest
from fastapi import FastAPI

from frames.gateway.page_routes import page_routes, read_pages
from frames.gateway.problem import answer_with_problems

PAGES = read_pages()
TEXTS = {name: file.content.decode() for name, file in PAGES.items() if not name.endswith(".jpg")}


def get(path: str, **headers: str) -> httpx.Response:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    answer_with_problems(app)
    app.include_router(page_routes())

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            return await client.get(
                path, headers={name.replace("_", "-"): value for name, value in headers.items()}
            )

    return asyncio.run(ask())


@pytest.mark.parametrize("path", ["/", "/playground"])
def test_a_page_may_load_nothing_from_elsewhere_and_nothing_inline(path):
    answer = get(path)

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert {policy["script-src"], policy["style-src"], policy["connect-src"]} == {"'self'"}
    assert policy["frame-ancestors"] == policy["form-action"] == policy["base-uri"] == "'none'"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_a_page_that_is_known_is_not_sent_again():
    first = get("/pages/dashboard.js")

    again = get("/pages/dashboard.js", if_none_match=f'"other", W/{first.headers["etag"]}')

    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize("name", ["none.js", "..%2fpage_routes.py", "%2e%2e%2fapp.py", "__init__.py"])
def test_only_the_pages_are_served(name):
    answer = get(f"/pages/{name}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_what_a_file_refers_to_is_there(name):
    text = TEXTS[name]
    named = re.findall(r'"/pages/([^"]+)"', text) + re.findall(r'from "\./([^"]+)"', text)

    assert set(named) <= set(PAGES)
    assert "://" not in text.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("name", sorted(name for name in TEXTS if name.endswith(".html")))
def test_every_part_that_a_script_looks_for_is_on_its_page(name):
    script = {"index.html": "dashboard.js", "playground.html": "playground.js"}[name]

    wanted = {
        part for module in modules_of(script) for part in re.findall(r'\bpart\("([^"]+)"\)', TEXTS[module])
    }

    assert wanted <= set(re.findall(r'id="([^"]+)"', TEXTS[name]))


def modules_of(script: str) -> set[str]:
    """It and all that it imports."""
    found: set[str] = set()
    ahead = [script]
    while ahead:
        module = ahead.pop()
        if module not in found:
            found.add(module)
            ahead += re.findall(r'from "\./([^"]+)"', TEXTS[module])
    return found
