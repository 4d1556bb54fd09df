"""Models from a real S3 API, that breaks in the middle, too."""

import hashlib
import random
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import fsspec
import pytest
import yaml

from frames.errors import ConfigError, UnavailableError
from workers.model import BUNDLED, Model, ModelSettings, load_model
from workers.model_digest import digest_of

CONTENT = random.Random(11).randbytes(12 << 20)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def put(url: str, content: bytes) -> str:
    with fsspec.open(url, "wb") as file:
        file.write(content)
    return url


def manifest(name: str, digest: str, labels: tuple[str, ...] = ("person",)) -> bytes:
    files = {"any": {"file": name, "sha256": digest}}
    return yaml.safe_dump({"name": "doors", "labels": list(labels), "files": files}).encode()


def load(url: str, cache: Path, patience_s: float = 0.0, **settings: object) -> Model:
    return load_model(ModelSettings(path=url, **settings), cache, patience_s=patience_s)


def left(cache: Path) -> list[str]:
    """The models in the cache, and what is left of others."""
    return sorted(path.name for path in (cache / "fetched").glob("*") if path.name != "versions")


@pytest.fixture
def stored(s3_bucket: str) -> str:
    """A model of 12 MiB, which takes two requests, with its manifest."""
    put(f"{s3_bucket}/doors.yaml", manifest("doors.pt", DIGEST))
    return put(f"{s3_bucket}/doors.pt", CONTENT)


class TornStore(socketserver.ThreadingTCPServer):
    """Passes requests on to a store, and so many bytes of its answers; then it hangs up in the middle."""

    daemon_threads = True

    def __init__(self, endpoint: str, bytes_left: int) -> None:
        super().__init__(("127.0.0.1", 0), TornAnswer)
        self.store = (urlsplit(endpoint).hostname, urlsplit(endpoint).port)
        self.bytes_left = bytes_left
        self.torn = 0


class TornAnswer(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            request += self.request.recv(4096) or b"\r\n\r\n"
        with socket.create_connection(self.server.store) as store:
            store.sendall(request)
            while answer := store.recv(65536):
                self.request.sendall(answer[: self.server.bytes_left])
                self.server.bytes_left = max(0, self.server.bytes_left - len(answer))
                if not self.server.bytes_left:
                    self.server.torn += 1
                    return


@pytest.fixture
def torn_store(s3_endpoint: str, stored: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[TornStore]:
    """In place of the S3 API; of the model the first request is whole, the second is not."""
    with TornStore(s3_endpoint, bytes_left=10 << 20) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def take_the_store_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")


def test_a_model_starts_with_the_digest_of_the_manifest_beside_it(stored, tmp_path):
    shares: list[float | None] = []

    model = load_model(ModelSettings(path=stored), tmp_path, shares.append)

    assert (model.name, model.labels, model.digest) == ("doors", ("person",), DIGEST)
    assert model.path.read_bytes() == CONTENT
    assert left(tmp_path) == [DIGEST]
    assert len(shares) >= 10
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_an_onnx_model_is_held_in_memory_as_it_was_checked(s3_bucket, tmp_path):
    put(
        f"{s3_bucket}/store.yaml",
        BUNDLED.with_suffix(".yaml").read_bytes().replace(b"store-yolo26n.onnx", b"store.onnx"),
    )
    url = put(f"{s3_bucket}/store.onnx", BUNDLED.read_bytes())

    first, second = load(url, tmp_path), load(url, tmp_path)

    assert first.content == second.content == BUNDLED.read_bytes()
    assert first.labels == ("person", "cart", "shelf_gap")


def test_a_folder_starts_with_its_digest_checked(s3_bucket, tmp_path):
    local = tmp_path / "doors_openvino_model"
    (local / "deep").mkdir(parents=True)
    for name in ("doors.xml", "doors.bin", "deep/metadata.yaml"):
        (local / name).write_text(name)
        put(f"{s3_bucket}/doors_openvino_model/{name}", name.encode())
    put(f"{s3_bucket}/doors.yaml", manifest("doors_openvino_model", digest_of(local)))

    model = load(f"{s3_bucket}/doors_openvino_model/", tmp_path)

    assert (model.name, model.digest) == ("doors", digest_of(local))
    assert (model.path / "deep" / "metadata.yaml").read_text() == "deep/metadata.yaml"


@pytest.mark.parametrize("at", [0, len(CONTENT) // 2, len(CONTENT) - 1])
def test_a_flipped_byte_in_the_store_is_refused_and_never_cached(stored, tmp_path, at):
    put(stored, CONTENT[:at] + bytes([CONTENT[at] ^ 1]) + CONTENT[at + 1 :])

    with pytest.raises(ConfigError, match=f"but {DIGEST} was promised"):
        load(stored, tmp_path, trust=True)

    assert left(tmp_path) == []


def test_a_flipped_byte_in_the_cache_is_fetched_again(stored, tmp_path):
    cached = load(stored, tmp_path).path
    cached.write_bytes(b"x" + CONTENT[1:])

    assert load(stored, tmp_path).path.read_bytes() == CONTENT


def test_a_cached_model_of_known_digest_needs_no_network(stored, tmp_path, monkeypatch):
    load(stored, tmp_path, sha256=DIGEST)
    take_the_store_away(monkeypatch)

    model = load(stored, tmp_path, sha256=DIGEST)

    assert (model.name, model.labels, model.path.read_bytes()) == ("doors", ("person",), CONTENT)


def test_a_trusted_model_is_fetched_again_only_when_it_changed(s3_bucket, tmp_path):
    url = put(f"{s3_bucket}/doors.pt", CONTENT)
    shares: list[float | None] = []
    load(url, tmp_path, trust=True)

    again = load_model(ModelSettings(path=url, trust=True), tmp_path, shares.append)
    put(url, b"another")
    changed = load(url, tmp_path, trust=True)

    assert (again.digest, shares) == (DIGEST, [])
    assert changed.path.read_bytes() == b"another"


def test_a_model_for_which_nobody_vouches_is_not_even_fetched(s3_bucket, tmp_path):
    url = put(f"{s3_bucket}/doors.pt", CONTENT)

    with pytest.raises(ConfigError, match="nobody vouches"):
        load(url, tmp_path)

    assert left(tmp_path) == []


def test_a_missing_object_is_named(s3_bucket, tmp_path):
    with pytest.raises(ConfigError, match=r"prefix/gone\.pt: no such object"):
        load(f"{s3_bucket}/gone.pt", tmp_path, trust=True)


def test_a_store_that_is_away_is_an_error_without_credentials(stored, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
    take_the_store_away(monkeypatch)

    with pytest.raises(UnavailableError, match="the store does not answer") as failure:
        load(stored, tmp_path)

    assert "hush" not in str(failure.value)


def test_a_store_that_comes_back_is_waited_for(stored, s3_endpoint, tmp_path, monkeypatch):
    take_the_store_away(monkeypatch)
    shares: list[float | None] = []

    def come_back(share: float | None) -> None:  # called with None between two attempts
        shares.append(share)
        monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)

    model = load_model(ModelSettings(path=stored), tmp_path, come_back, patience_s=60.0)

    assert model.digest == DIGEST
    assert (shares[0], shares[-1]) == (None, 1.0)


def test_a_torn_download_never_becomes_the_cached_model(
    stored, s3_endpoint, torn_store, tmp_path, monkeypatch
):
    with pytest.raises(UnavailableError, match=r"does not answer|bytes arrived"):
        load(stored, tmp_path)

    assert torn_store.torn > 0
    assert left(tmp_path) == []
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    assert load(stored, tmp_path).path.read_bytes() == CONTENT


def test_giving_up_in_the_middle_leaves_nothing(stored, tmp_path):
    def stop(share: float | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_model(ModelSettings(path=stored), tmp_path, stop)

    assert left(tmp_path) == []


LOAD = """
import os, signal, sys
from pathlib import Path
from workers.model import ModelSettings, load_model

def on_progress(share):
    if share and share > float(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

print(load_model(ModelSettings(path=sys.argv[1]), Path(sys.argv[2]), on_progress, patience_s=0.0).digest)
"""


def loading(url: str, cache: Path, killed_at: float = 2.0) -> list[str]:
    """A process that loads the model, and is killed at a share of it."""
    return [sys.executable, "-c", LOAD, url, str(cache), str(killed_at)]


def test_a_kill_in_the_middle_leaves_no_cached_model_and_the_next_start_cleans_up(stored, tmp_path):
    killed = subprocess.run(loading(stored, tmp_path, killed_at=0.5), timeout=60)

    torn = left(tmp_path)
    model = load(stored, tmp_path)

    assert killed.returncode == -9
    assert len(torn) == 1
    assert torn[0].startswith("partial-")
    assert model.path.read_bytes() == CONTENT
    assert left(tmp_path) == [DIGEST]


def test_workers_that_fetch_at_once_all_get_the_whole_model(stored, tmp_path):
    processes = [subprocess.Popen(loading(stored, tmp_path), stdout=subprocess.PIPE) for _ in range(3)]

    answers = [process.communicate(timeout=60)[0].decode().strip() for process in processes]

    assert answers == [DIGEST] * 3
    assert left(tmp_path) == [DIGEST]


def on_a_disk_of(mebibytes: int, folder: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    """What *command* says where *folder* is a disk of its own, and then what `ls` finds in its cache."""
    script = f'mount -t tmpfs -o size={mebibytes}m tmpfs {folder} && {{ "$@"; ls {folder}/fetched; }}'
    alone = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]
    return subprocess.run([*alone, *command], capture_output=True, text=True, timeout=90)


def test_a_full_disk_is_said_and_leaves_no_half_file(stored, tmp_path):
    ended = on_a_disk_of(1, tmp_path, loading(stored, tmp_path))

    last = ended.stderr.strip().splitlines()[-1]
    assert last.startswith("frames.errors.UnavailableError: model cache: ")
    assert "No space left on device" in last
    assert ended.stdout.strip() == ""


def test_an_older_model_makes_room_on_a_full_disk(s3_bucket, stored, tmp_path):
    older = put(f"{s3_bucket}/older.pt", CONTENT[: 6 << 20])
    script = f"""
from pathlib import Path
from workers.model import ModelSettings, load_model
for url in {[older, stored]}:
    load_model(ModelSettings(path=url, trust=True), Path({str(tmp_path)!r}))
"""

    ended = on_a_disk_of(16, tmp_path, [sys.executable, "-c", script])

    assert "No space left on device" in ended.stderr, "there was room for both"
    assert ended.stdout.split() == [DIGEST, "versions"]
