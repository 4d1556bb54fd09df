"""Who may read the metrics: whoever reaches their own port, and at the clients' port only this machine."""

import pytest

from detectscale.embedded.ports import free_port

pytestmark = pytest.mark.timeout(240)


def test_metrics_have_a_port_of_their_own_where_nothing_else_is_answered(start_gateway, keys):
    port = free_port(None)
    gateway = start_gateway(keys_file=str(keys[0]), metrics_port=port)
    own = gateway.url.rpartition(":")[0] + f":{port}"
    client = gateway.client(keys[1]["shop-1"])

    assert "detectscale_gateway_requests" in client.get(f"{own}/metrics", headers={"host": "pod"}).text
    for path in ("/v1/me", "/healthz", "/", "/openapi.json", "/metrics/", "/v1/fleet"):
        refused = client.get(f"{own}{path}")
        assert (refused.status_code, refused.json()["reason"]) == (404, "not-found")
    assert client.get("/v1/me").status_code == 200


def test_at_the_clients_port_only_this_machine_reads_metrics(start_gateway, keys):
    client = start_gateway(keys_file=str(keys[0])).client(keys[1]["shop-1"])

    assert client.get("/metrics").status_code == 200
    elsewhere = client.get("/metrics", headers={"host": "frames.example"})  # through a proxy beside us
    assert (elsewhere.status_code, elsewhere.json()["reason"]) == (404, "not-found")
