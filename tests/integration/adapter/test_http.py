"""The same by HTTP, for KEDA's metrics-api scaler, Prometheus, kubelet and people."""

import asyncio
import json
import ssl
import time

import httpx
import pytest

from autoscaler.adapter.calls import Calls
from autoscaler.adapter.http_twin import http_app
from autoscaler.adapter.vitals import Vitals
from autoscaler.journal import read
from tests.integration.adapter.authority import Authority
from tests.unit.autoscaler.adapter.made import WAITING, entry

TOKEN = "known-to-keda-alone"  # noqa: S105  (of this test)


@pytest.fixture
def token(tmp_path):
    """Settings with a token."""
    file = tmp_path / "token"
    file.write_text(TOKEN)
    return {"token_file": str(file)}


@pytest.fixture
def ask(open_doors):
    """`ask(path, bearer=None, **settings)`: the response of an adapter with these settings."""
    opened = {}

    def get(path, bearer=None, **settings):
        if "port" not in opened:
            opened["port"] = open_doors(**settings)[1].http_port
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        return httpx.get(f"http://localhost:{opened['port']}{path}", headers=headers, timeout=20)

    return get


def know(target, replicas=3, age_s=0.0):
    target.publish(entry(WAITING, replicas), time.monotonic() - age_s)


def test_the_metrics_api_scaler_finds_both_numbers(targets, ask):
    know(targets["frames"], age_s=2.0)

    answer = ask("/v1/targets/frames/metrics").json()

    assert 2.0 <= answer.pop("age_s") < 30.0
    assert answer == {
        "target": "frames",
        "desired_replicas": 3,
        "queue_lag": 42,
        "reason": targets["frames"].latest.entry.decision.reason,
    }


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/targets/frames/metrics", 503),
        ("/v1/targets/evil/metrics", 404),
        ("/v1/decisions?target=evil", 404),
        ("/v1/decisions?target=frames&limit=0", 422),
        ("/docs", 404),
        ("/openapi.json", 404),
    ],
)
def test_what_cannot_be_answered_is_no_number(ask, path, status):
    answer = ask(path)

    assert answer.status_code == status
    assert "desired_replicas" not in answer.text


@pytest.mark.parametrize("bearer", [None, "wrong-wrong-wrong-wrong"])
def test_who_does_not_know_the_token_learns_nothing(targets, ask, token, bearer):
    know(targets["frames"])

    for path in ("/v1/targets/frames/metrics", "/v1/targets/evil/metrics", "/v1/decisions?target=frames"):
        answer = ask(path, bearer, **token)
        assert (answer.status_code, answer.json()) == (401, {"detail": "Unauthorized"})
    assert ask("/healthz").status_code == 200
    assert ask("/v1/targets/frames/metrics", TOKEN).status_code == 200


@pytest.mark.parametrize(
    ("caller", "status"), [("10.0.0.7", 401), ("fd00::7", 401), ("127.0.0.1", 200), ("::1", 200)]
)
def test_without_a_token_only_this_machine_is_answered(targets, caller, status):
    know(targets["frames"])
    app = http_app(targets, Calls(), Vitals(targets, time.monotonic(), 30.0), token=None)

    async def get(path):
        transport = httpx.ASGITransport(app, client=(caller, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://adapter") as client:
            return (await client.get(path)).status_code

    assert asyncio.run(get("/v1/targets/frames/metrics")) == status
    assert asyncio.run(get("/readyz")) == 503  # shadow is not known yet, and kubelet may hear it


def test_decisions_are_told_with_their_reasons_newest_first(targets, ask):
    for replicas in (1, 2, 3):
        know(targets["frames"], replicas)

    told = ask("/v1/decisions?target=frames&limit=2").json()

    assert [decision["decision"]["replicas"] for decision in told] == [3, 2]
    assert told[0].pop("explanation").startswith("3 workers: 42 frames waiting")
    assert read(json.dumps(told[0]).encode()) == targets["frames"].recent[-1]  # an entry of the journal


def test_prometheus_sees_what_is_wanted_why_and_who_asked(targets, ask, open_doors, keda):
    know(targets["frames"])
    _, settings = open_doors()
    asked = keda(settings.grpc_port)
    asked.metrics(target="frames")
    for _ in range(2):
        asked.status("metrics", target="evil:9092")
    httpx.get(f"http://localhost:{settings.http_port}/v1/targets/evil/metrics")

    shown = httpx.get(f"http://localhost:{settings.http_port}/metrics").text

    reason = targets["frames"].latest.entry.decision.reason
    for line in (
        'detectscale_desired_replicas{target="frames"} 3.0',
        'detectscale_queue_lag_records{target="frames"} 42.0',
        f'detectscale_decision_reason{{reason="{reason}",target="frames"}} 1.0',
        'detectscale_deciding{target="frames"} 0.0',
        'detectscale_deciding{target="shadow"} 0.0',
        'detectscale_adapter_calls_total{method="GetMetrics",status="OK"} 1.0',
        'detectscale_adapter_calls_total{method="GetMetrics",status="NOT_FOUND"} 2.0',
        'detectscale_adapter_calls_total{method="/v1/targets/{name}/metrics",status="404"} 1.0',
    ):
        assert line in shown
    assert 'detectscale_desired_replicas{target="shadow"}' not in shown  # an unknown is not a zero


def test_kubelet_is_told_whether_keda_may_ask(targets, ask):
    assert (ask("/readyz").status_code, ask("/readyz").text) == (
        503,
        "nothing was decided yet: frames, shadow\n",
    )

    for target in targets.values():
        know(target)

    assert (ask("/readyz").status_code, ask("/healthz").text) == (200, "ok\n")


def test_it_speaks_tls_where_there_is_a_certificate(targets, open_doors, tmp_path):
    know(targets["frames"])
    authority = Authority(tmp_path / "ours")
    port = open_doors(**authority.server_files())[1].http_port
    trusting = ssl.create_default_context(cafile=str(authority.file))

    answer = httpx.get(f"https://localhost:{port}/v1/targets/frames/metrics", verify=trusting, timeout=20)

    assert answer.json()["desired_replicas"] == 3
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://localhost:{port}/healthz", timeout=20)
