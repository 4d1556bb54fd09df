"""A storage of large images that stalls: large frames are refused in time, and hold up no other."""

import asyncio
import socket
import time

import httpx
import pytest

from frames.claim_check import ClaimCheckSettings
from tests.s3_server import ACCESS

pytestmark = pytest.mark.timeout(240)
JPEG = {"content-type": "image/jpeg"}


@pytest.fixture
def stalled_bucket(monkeypatch):
    """A bucket of an S3 that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        host, port = server.getsockname()
        for name, value in ({"AWS_ENDPOINT_URL": f"http://{host}:{port}"} | ACCESS).items():
            monkeypatch.setenv(name, value)
        yield "s3://bucket/prefix"


def test_a_storage_that_stalls_holds_up_large_frames_only(start_gateway, stalled_bucket, picture):
    claims = ClaimCheckSettings(roots=(stalled_bucket,), max_bytes=12 * 1024 * 1024, timeout_s=60)
    gateway = start_gateway(sections={"claim_checks": claims}, accept_timeout_s=3.0)
    large = picture[:2] + (b"\xff\xfe\xfe\xfe" + bytes(0xFEFC)) * 165 + picture[2:]

    async def post_all():
        async with httpx.AsyncClient(base_url=gateway.url, timeout=60, trust_env=False) as client:

            async def post(image):
                began = time.monotonic()
                answer = await client.post("/v1/frames", content=image, headers=JPEG)
                return answer, time.monotonic() - began

            waiting = [asyncio.create_task(post(large)) for _ in range(6)]
            while b"large_images 4.0" not in (await client.get("/metrics")).content:
                assert not all(task.done() for task in waiting)
            small = [await post(picture) for _ in range(5)]
            return small, await asyncio.gather(*waiting)

    small, refused = asyncio.run(post_all())

    assert [answer.status_code for answer, _ in small] == [202] * 5
    assert max(seconds for _, seconds in small) < 2.0  # the large ones wait for 3 s
    assert {answer.status_code for answer, _ in refused} == {503}
    assert sorted(answer.json()["reason"] for answer, _ in refused) == ["busy"] * 2 + ["unavailable"] * 4
    assert all(int(answer.headers["retry-after"]) >= 1 for answer, _ in refused)
    assert gateway.client().post("/v1/frames", content=picture, headers=JPEG).status_code == 202
