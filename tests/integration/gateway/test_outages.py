"""Kafka or Redis away, and the end: what is accepted stays accepted."""

import asyncio
import signal
import time

import httpx
import pytest

from detectscale.embedded.redis_server import EmbeddedRedis
from frames.ledger import read_ledger
from tests.integration.faults.brokers import cluster, reached
from tests.waiting import until

pytestmark = pytest.mark.timeout(240)
JPEG = {"content-type": "image/jpeg"}
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def own_broker(tmp_path):
    """A broker that may be frozen."""
    with cluster(tmp_path / "broker") as [broker]:
        yield broker


def test_without_redis_posting_and_waiting_work_and_only_old_frames_cannot_be_told(
    start_gateway, worker, settings, picture
):
    redis = settings.redis.model_copy(update={"url": NOWHERE})
    client = start_gateway(sections={"redis": redis}).client()

    told = client.post("/v1/detect?wait=60", content=picture, headers=JPEG | {"idempotency-key": "1"})
    assert (told.status_code, told.json()["status"]) == (200, "detected")
    again = client.post("/v1/frames", content=picture, headers=JPEG | {"idempotency-key": "1"})
    assert (again.status_code, again.json()["id"]) == (202, told.json()["id"])
    posted = client.post("/v1/frames", content=picture, headers=JPEG).json()
    waited = client.get(f"/v1/frames/{posted['id']}", params={"wait": 60})
    assert waited.json()["status"] == "detected"

    image = "/v1/cameras/door/frames/f1/image"
    for page in ("/v1/cameras", "/v1/cameras/door/latest", image, f"/v1/frames/f{'0' * 48}"):
        old = client.get(page)
        assert (old.status_code, old.json()["reason"]) == (503, "unavailable")
        assert "127.0.0.1" not in old.json()["detail"]
        assert old.headers["retry-after"]
    assert client.get("/readyz").status_code == 200


def test_redis_comes_back_and_is_used_again(start_gateway, settings, picture, tmp_path):
    with EmbeddedRedis(tmp_path / "redis") as server:
        redis = settings.redis.model_copy(update={"url": server.url})
        client = start_gateway(sections={"redis": redis}).client()
        assert client.get("/v1/cameras/door/latest").status_code == 404
    assert client.get("/v1/cameras/door/latest").status_code == 503
    port = int(server.url.rsplit(":", 1)[1].split("/")[0])
    with EmbeddedRedis(tmp_path / "redis", port):
        until(lambda: client.get("/v1/cameras/door/latest").status_code == 404)


def test_a_full_way_out_is_told_with_when_to_come_again_and_empties_when_the_broker_is_back(
    start_gateway, settings, picture, own_broker
):
    publisher = settings.publisher.model_copy(update={"buffer_bytes": 3 * len(picture)})
    sections = {"publisher": publisher, "kafka": reached([own_broker])}
    gateway = start_gateway(sections=sections, accept_timeout_s=3.0)
    assert gateway.client().post("/v1/frames", content=picture, headers=JPEG).status_code == 202

    async def post_all():
        async with httpx.AsyncClient(base_url=gateway.url, timeout=60, trust_env=False) as client:
            posts = (client.post("/v1/frames", content=picture, headers=JPEG) for _ in range(6))
            return await asyncio.gather(*posts)

    with own_broker.frozen():
        answers = asyncio.run(post_all())
        assert gateway.client().get("/healthz").status_code == 200

    assert {answer.status_code for answer in answers} == {503}
    reasons = sorted(answer.json()["reason"] for answer in answers)
    assert reasons == ["busy"] * 3 + ["unavailable"] * 3
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
    until(
        lambda: gateway.client().post("/v1/frames", content=picture, headers=JPEG).status_code == 202, 60, 0.5
    )


def test_sigterm_finishes_what_is_under_way_and_every_202_is_in_kafka(start_gateway, picture, kafka, topics):
    gateway = start_gateway()
    accepted: list[str] = []

    async def post_until_it_ends():
        async def post(client):
            while True:
                try:
                    answer = await client.post("/v1/frames", content=picture, headers=JPEG)
                except httpx.TransportError:
                    return
                if answer.status_code == 202:
                    accepted.append(answer.json()["id"])
                if len(accepted) == 20:
                    gateway.process.send_signal(signal.SIGTERM)

        async with httpx.AsyncClient(base_url=gateway.url, timeout=60, trust_env=False) as client:
            await asyncio.gather(*(post(client) for _ in range(8)))

    asyncio.run(post_until_it_ends())

    assert gateway.process.wait(timeout=30) == 0
    assert len(set(accepted)) == len(accepted) >= 20
    assert read_ledger(kafka, topics).records >= len(accepted)


def test_who_waits_is_told_that_it_is_still_pending_when_the_gateway_stops(start_gateway, picture):
    gateway = start_gateway()
    posted = gateway.client().post("/v1/frames", content=picture, headers=JPEG).json()

    async def wait():
        async with httpx.AsyncClient(base_url=gateway.url, timeout=60, trust_env=False) as client:
            waiting = asyncio.create_task(client.get(f"/v1/frames/{posted['id']}?wait=60"))
            deadline = time.monotonic() + 30
            while b"waiting_requests 1.0" not in (await client.get("/metrics")).content:
                assert time.monotonic() < deadline
            gateway.process.send_signal(signal.SIGTERM)
            return await waiting

    began = time.monotonic()
    answer = asyncio.run(wait())

    assert answer.json() == {"id": posted["id"], "status": "pending"}
    assert gateway.process.wait(timeout=30) == 0
    assert time.monotonic() - began < 30


def test_metrics_tell_what_was_taken_and_what_was_refused(start_gateway, picture):
    client = start_gateway().client()
    client.post("/v1/frames", content=picture, headers=JPEG)
    client.post("/v1/frames", content=b"", headers=JPEG)
    client.get("/v1/frames/unknown")
    client.get("/nowhere")

    told = client.get("/metrics").text.splitlines()

    assert 'detectscale_gateway_requests_total{method="POST",route="/v1/frames",status="202"} 1.0' in told
    assert 'detectscale_gateway_requests_total{method="GET",route="other",status="404"} 1.0' in told
    assert 'detectscale_gateway_refused_total{reason="empty-image"} 1.0' in told
    assert f"detectscale_gateway_received_bytes_total {float(len(picture))}" in told
    assert "detectscale_gateway_accept_seconds_count 1.0" in told
