"""Every refusal is a problem detail."""

import asyncio
import json
from contextlib import suppress

import pytest
from fastapi import FastAPI

from frames.errors import UnavailableError
from frames.gateway.problem import ProblemError, Reason, answer_with_problems


@pytest.fixture
def ask():
    """Asks an application with one route that fails in each way."""
    app = FastAPI()
    answer_with_problems(app)
    failures = {
        "limited": ProblemError(429, Reason.RATE, "too often", 0.2),
        "unknown": ProblemError(401, Reason.UNKNOWN_KEY, "no key"),
        "away": UnavailableError("redis.url: Redis at secret.internal does not work"),
        "broken": RuntimeError("a secret"),
    }

    @app.get("/fail/{how}")
    async def fail(how: str, number: int = 0) -> None:
        raise failures[how]

    def ask(method, path):
        sent = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message)

        path, _, query = path.partition("?")
        scope = {"type": "http", "method": method, "path": path, "headers": [], "http_version": "1.1"}
        with suppress(RuntimeError):  # Starlette raises it once more, for the server to log
            asyncio.run(app(scope | {"query_string": query.encode(), "root_path": ""}, receive, send))
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], headers, json.loads(b"".join(part.get("body", b"") for part in sent[1:]))

    return ask


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", "/fail/limited", 429, "rate-limit"),
        ("GET", "/fail/unknown", 401, "unknown-key"),
        ("GET", "/fail/away", 503, "unavailable"),
        ("GET", "/fail/broken", 500, "other"),
        ("GET", "/fail/limited?number=x", 422, "invalid-request"),
        ("GET", "/nowhere", 404, "not-found"),
        ("DELETE", "/fail/limited", 405, "other"),
    ],
)
def test_whatever_goes_wrong_is_said_in_the_same_way_and_gives_nothing_away(
    ask, method, path, status, reason
):
    answered, headers, problem = ask(method, path)

    assert headers["content-type"] == "application/problem+json"
    assert set(problem) == {"type", "title", "status", "detail", "reason"}
    assert (answered, problem["status"], problem["reason"]) == (status, status, reason)
    assert "secret" not in problem["detail"]


def test_a_refusal_says_when_to_come_again_or_how_to_come_in(ask):
    assert ask("GET", "/fail/limited")[1]["retry-after"] == "1"
    assert ask("GET", "/fail/unknown")[1]["www-authenticate"] == "Bearer"
    assert ask("DELETE", "/fail/limited")[1]["allow"] == "GET"
