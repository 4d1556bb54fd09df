"""The OpenAPI document says what a real gateway does: schemathesis asks whatever it can think of."""

import json
import re
import subprocess
import sys

import pytest

from frames.gateway.api_keys import new_key

pytestmark = pytest.mark.timeout(600)
GENEROUS = {"rate_per_s": 1e6, "burst": 10**6}


@pytest.fixture
def gateway(start_gateway, keys):
    return start_gateway(keys_file=str(keys[0]), limits=GENEROUS, max_wait_s=0.5)


def test_the_document_tells_of_every_route_and_of_its_problems(gateway):
    document = gateway.client().get("/openapi.json").json()

    assert set(document["paths"]) == {
        "/v1/frames",
        "/v1/frames/{id}",
        "/v1/detect",
        "/v1/cameras",
        "/v1/cameras/{id}/latest",
        "/v1/cameras/{id}/frames/{frame_id}/image",
        "/v1/stream",
        "/v1/fleet",
        "/v1/fleet/stream",
        "/v1/dead-letters",
        "/v1/dead-letters/redrive",
        "/v1/me",
    }
    assert "HTTPValidationError" not in json.dumps(document)
    for path in document["paths"].values():
        for operation in path.values():
            assert operation["description"]
            for status, told in operation["responses"].items():
                assert status < "400" or list(told["content"]) == ["application/problem+json"]


@pytest.mark.parametrize(
    "choice",
    [
        pytest.param(["--include-method", "GET", "--exclude-path-regex", "/stream$"], id="questions"),
        # Which bytes are an image is more than a schema can say.
        pytest.param(
            ["--include-method", "POST", "--exclude-checks", "positive_data_acceptance"], id="frames"
        ),
    ],
)
def test_schemathesis_finds_nothing(gateway, keys, tmp_path, choice):
    generated = ask_whatever(gateway, keys[1]["shop-1"], tmp_path, choice)

    assert generated > 100
    assert gateway.client().get("/healthz").status_code == 200


def test_schemathesis_finds_nothing_with_an_operator_s_key(gateway, keys, tmp_path):
    key, line = new_key("head-office")
    with keys[0].open("a") as file:
        file.write(f"{line} operator\n")

    generated = ask_whatever(gateway, key, tmp_path, ["--include-path-regex", "^/v1/dead-letters"])

    assert generated > 20


def ask_whatever(gateway, key, folder, choice):
    """Returns how many requests were made; all of them were answered as the document says."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{gateway.url}/openapi.json"]
    command += ["--header", f"Authorization: Bearer {key}", "--checks", "all", "--max-examples", "40"]
    command += ["--phases", "examples,coverage,fuzzing", "--seed", "7", "--generation-database", "none"]

    done = subprocess.run([*command, *choice], cwd=folder, capture_output=True, text=True, timeout=500)

    print(done.stdout[-8000:], done.stderr[-2000:])
    assert done.returncode == 0
    counted = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert counted is not None
    return int(counted[1])
