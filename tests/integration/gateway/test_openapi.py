"""The OpenAPI document says what a real gateway does: schemathesis asks whatever it can think of."""

import json
import re
import subprocess
import sys

import pytest

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
        "/v1/cameras/{id}/latest",
        "/v1/stream",
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
        pytest.param(["--include-method", "GET", "--exclude-path", "/v1/stream"], id="questions"),
        # Which bytes are an image is more than a schema can say.
        pytest.param(
            ["--include-method", "POST", "--exclude-checks", "positive_data_acceptance"], id="frames"
        ),
    ],
)
def test_schemathesis_finds_nothing(gateway, keys, tmp_path, choice):
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{gateway.url}/openapi.json"]
    key = keys[1]["shop-1"]
    command += ["--header", f"Authorization: Bearer {key}", "--checks", "all", "--max-examples", "40"]
    command += ["--phases", "examples,coverage,fuzzing", "--seed", "7", "--generation-database", "none"]

    done = subprocess.run([*command, *choice], cwd=tmp_path, capture_output=True, text=True, timeout=500)

    print(done.stdout[-8000:], done.stderr[-2000:])
    assert done.returncode == 0
    counted = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert counted is not None
    assert int(counted[1]) > 100
    assert gateway.client().get("/healthz").status_code == 200
