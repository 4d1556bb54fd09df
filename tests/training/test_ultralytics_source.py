"""Models from Ultralytics, by its own package, from a small server in place of theirs."""

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytest.importorskip("ultralytics", reason="the extra 'ultralytics' is not installed")

from frames.errors import ConfigError, UnavailableError
from workers.model import ModelSettings, load_model
from workers.training.ultralytics_import import import_ultralytics

import_ultralytics()

WEIGHTS = bytes(range(256)) * 400
DIGEST = hashlib.sha256(WEIGHTS).hexdigest()
KEY = "a-key-that-is-nobody's"


@dataclass
class Store:
    """What the server answers, and what it was asked."""

    address: str = ""
    status: int = 200
    torn: bool = False
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Paths, and the key that came with each."""


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    store = Store()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            key = self.headers.get("x-api-key") or self.headers.get("Authorization")
            store.asked.append((self.path, key))
            if self.path.startswith("/weights"):
                self.send_response(200)
                self.send_header("Content-Length", str(len(WEIGHTS)))
                self.end_headers()
                self.wfile.write(WEIGHTS[:1000] if store.torn else WEIGHTS)
                return
            url = f"{store.address}/weights/best.pt?signature=hush-hush"
            answer = {"data": {"weights": url}, "files": [{"downloadUrl": url}]}
            self.send_response(store.status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(answer if store.status == 200 else {"error": "no"}).encode())

        def do_CONNECT(self) -> None:
            store.asked.append((self.path, None))
            self.send_error(502)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    store.address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("ULTRALYTICS_API_KEY", KEY)
    monkeypatch.setenv("ULTRALYTICS_HUB_API", store.address)
    monkeypatch.setattr("ultralytics.utils.checks.PLATFORM_URL", store.address)  # read when it was imported
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield store
    server.shutdown()
    thread.join()
    server.server_close()


MINE = pytest.mark.parametrize("place", ["ul://ann/doors/v7", "https://hub.ultralytics.com/models/AbC123"])


@MINE
def test_a_model_of_mine_comes_with_my_key_and_is_cached(store, tmp_path, place):
    settings = ModelSettings(path=place, sha256=DIGEST)

    model = load_model(settings, tmp_path)
    asked = len(store.asked)
    again = load_model(settings, tmp_path)

    assert model.path.read_bytes() == WEIGHTS
    assert (model.digest, again) == (DIGEST, model)
    assert KEY in (store.asked[0][1] or "")
    assert (store.asked[1][0], store.asked[1][1]) == ("/weights/best.pt?signature=hush-hush", None)
    assert len(store.asked) == asked == 2


@MINE
def test_a_model_of_mine_with_another_digest_is_refused_and_not_cached(store, tmp_path, place):
    with pytest.raises(ConfigError, match="was promised"):
        load_model(ModelSettings(path=place, sha256="ab" * 32), tmp_path)

    assert list((tmp_path / "fetched").iterdir()) == []


@MINE
def test_a_torn_download_is_an_error_that_shows_no_signature(store, tmp_path, place):
    store.torn = True

    with pytest.raises(UnavailableError, match="not downloaded") as failure:
        load_model(ModelSettings(path=place, sha256=DIGEST), tmp_path, patience_s=0.0)

    assert "hush" not in str(failure.value)
    assert list((tmp_path / "fetched").iterdir()) == []


@MINE
@pytest.mark.parametrize(("status", "error"), [(401, ConfigError), (404, ConfigError)])
def test_a_refusal_is_an_error_that_shows_no_key(store, tmp_path, place, status, error):
    store.status = status

    with pytest.raises(error, match=place) as failure:
        load_model(ModelSettings(path=place, trust=True), tmp_path, patience_s=0.0)

    assert KEY not in str(failure.value)


def test_a_hub_that_is_out_of_order_may_be_asked_again(store, tmp_path):
    store.status = 503

    with pytest.raises(UnavailableError, match="HUB answers 503"):
        load_model(
            ModelSettings(path="https://hub.ultralytics.com/models/AbC123", trust=True),
            tmp_path,
            patience_s=0.0,
        )


@MINE
def test_without_a_key_it_is_asked_for(store, tmp_path, monkeypatch, place):
    monkeypatch.delenv("ULTRALYTICS_API_KEY")

    with pytest.raises(ConfigError, match="ULTRALYTICS_API_KEY"):
        load_model(ModelSettings(path=place, trust=True), tmp_path)

    assert store.asked == []


def test_a_name_that_ultralytics_does_not_publish_is_no_model(tmp_path):
    with pytest.raises(ConfigError, match=r"yolo99z\.pt: no such file, nor does Ultralytics publish"):
        load_model(ModelSettings(path="yolo99z.pt", trust=True), tmp_path)


def test_a_published_model_is_not_fetched_while_nobody_vouches_for_it(tmp_path):
    with pytest.raises(ConfigError, match="nobody vouches"):
        load_model(ModelSettings(path="yolo26n.pt"), tmp_path)


def test_a_published_model_is_asked_of_the_releases_of_ultralytics(store, tmp_path, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", store.address)  # which lets nobody through

    with pytest.raises(UnavailableError, match=r"yolo26n\.pt: not downloaded"):
        load_model(ModelSettings(path="yolo26n.pt", sha256=DIGEST), tmp_path, patience_s=0.0)

    assert store.asked == [("github.com:443", None)]
    assert list((tmp_path / "fetched").iterdir()) == []


def test_a_published_model_that_is_cached_needs_neither_network_nor_ultralytics(tmp_path):
    entry = tmp_path / "fetched" / DIGEST / "yolo26n.pt"
    entry.parent.mkdir(parents=True)
    entry.write_bytes(WEIGHTS)

    assert load_model(ModelSettings(path="yolo26n.pt", sha256=DIGEST), tmp_path).path == entry
