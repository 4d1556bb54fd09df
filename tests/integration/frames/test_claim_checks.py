"""Frames too large for a record, on the real broker, a real disk and a real S3 API."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import cv2
import numpy as np
import pytest

from detectscale.publish import publish_files
from detectscale.settings import Settings, overrides
from frames.claim_check import ClaimChecks, ClaimCheckSettings
from frames.clients import MAX_MESSAGE_BYTES, KafkaSettings, reader
from frames.errors import ConfigError, UnavailableError
from frames.event import Frame, Message, decode_frame
from frames.image import decode
from frames.object_storage import ClaimCheckError, StorageError
from frames.outcome import DeadReason
from frames.records import partitions_of, read_until
from frames.topics import TopicSettings
from tests.integration.frames.waiting import eventually

DAY_S = 86_400.0
NOW = time.time()


@pytest.fixture(params=["disk", "S3"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return request.getfixturevalue("s3_bucket") if request.param == "S3" else str(tmp_path)


@pytest.fixture
def s3_root(s3_bucket: str) -> Iterator[tuple[str, object]]:
    """A root, and a client of its bucket beside ours."""
    client = boto3.client("s3")
    yield s3_bucket, client
    client.close()


@pytest.fixture(scope="module")
def noise() -> bytes:
    """A PNG of 30 MB within the limits of pixels: noise, which nothing compresses."""
    pixels = np.random.default_rng(7).integers(0, 256, (2900, 3600, 3), np.uint8)
    return cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 0])[1].tobytes()


def frames_in(kafka: KafkaSettings, topics: TopicSettings) -> list[tuple[Frame, Message]]:
    consumer = reader(kafka)
    consumer.assign(partitions_of(consumer, [topics.frames]))
    ends = consumer.end_offsets(consumer.assignment())
    consumer.seek_to_beginning()
    messages = [Message.of(record) for record in read_until(consumer, ends)]
    consumer.close()
    return [(decode_frame(message, 0.0), message) for message in messages]


def refusal(claim_checks: ClaimChecks, dataref: str) -> DeadReason:
    with pytest.raises(ClaimCheckError) as caught:
        claim_checks.resolve(dataref)
    return caught.value.reason


def test_a_frame_of_30_mb_passes(kafka, topics, root, noise, tmp_path, capsys):
    file = tmp_path / "noise.png"
    file.write_bytes(noise)
    claim_checks = ClaimCheckSettings(roots=(root,))
    assert len(noise) > 30_000_000

    publish_files(Settings(kafka=kafka, topics=topics, claim_checks=claim_checks), [file] * 5, "door", False)

    found = frames_in(kafka, topics)
    assert [frame.id for frame, _ in found] == capsys.readouterr().out.split()
    for frame, message in found:
        image = ClaimChecks(claim_checks).open(frame)
        assert message.value == b""
        assert frame.content_type == "image/png"
        assert image == noise
    assert decode(image).shape == (2900, 3600, 3)


def test_without_roots_a_large_frame_is_refused_and_the_way_out_is_named(kafka, topics, tmp_path, noise):
    file = tmp_path / "noise.png"
    file.write_bytes(noise)

    with pytest.raises(ConfigError, match=r"noise\.png: \d+ bytes are too large, .* set claim_checks\.roots"):
        publish_files(Settings(kafka=kafka, topics=topics), [file], "door", False)
    assert frames_in(kafka, topics) == []


def test_a_storage_that_does_not_work_is_named(kafka, topics, tmp_path):
    file = tmp_path / "large"
    file.write_bytes(bytes(MAX_MESSAGE_BYTES))
    claim_checks = ClaimCheckSettings(roots=(str(tmp_path / "unmounted"),))

    with pytest.raises(UnavailableError, match=r"1 of 1 frames were not taken; .* is it there, and mounted"):
        publish_files(Settings(kafka=kafka, topics=topics, claim_checks=claim_checks), [file], "door", True)


def test_the_command_line_reads_roots_from_the_environment(kafka, topics, root, noise, tmp_path):
    file = tmp_path / "noise.png"
    file.write_bytes(noise)
    settings = Settings(kafka=kafka, topics=topics, claim_checks=ClaimCheckSettings(roots=(root,)))
    environment = overrides(settings)

    command = [sys.executable, "-m", "detectscale", "publish", str(file)]
    done = subprocess.run(
        command, env=_inherited() | environment, capture_output=True, text=True, timeout=120
    )

    assert done.returncode == 0, done.stderr
    assert "nclosed" not in done.stderr  # neither sessions nor sockets
    [(frame, _)] = frames_in(kafka, topics)
    assert ClaimChecks(settings.claim_checks).open(frame) == noise


def test_an_object_of_any_size_up_to_the_limit_is_read(root):
    claim_checks = ClaimChecks(ClaimCheckSettings(roots=(root,), max_bytes=1000))

    for size in (0, 1, 999, 1000):
        assert claim_checks.resolve(claim_checks.put(bytes(size), NOW)) == bytes(size)
    too_large = claim_checks.put(bytes(1001), NOW)
    assert refusal(claim_checks, too_large) is DeadReason.IMAGE_TOO_LARGE


def test_an_object_that_is_not_there_is_gone_for_good(root):
    claim_checks = ClaimChecks(ClaimCheckSettings(roots=(root,)))
    folder, _, name = claim_checks.put(b"image", NOW).rpartition("/")

    assert refusal(claim_checks, f"{folder}/{name[:-1]}") is DeadReason.DATAREF_NOT_FOUND
    assert refusal(claim_checks, f"{folder}/{name}/x") in (
        DeadReason.DATAREF_NOT_FOUND,  # a key of S3 is no path
        DeadReason.DATAREF_NOT_ALLOWED,
    )


def test_a_prefix_is_no_object(s3_root):
    root, _ = s3_root
    claim_checks = ClaimChecks(ClaimCheckSettings(roots=(root,)))
    folder, _, _ = claim_checks.put(b"image", NOW).rpartition("/")

    assert refusal(claim_checks, folder) is DeadReason.DATAREF_NOT_FOUND


def test_names_that_s3_would_take_apart_are_only_names(s3_root):
    root, client = s3_root
    bucket = root.split("/")[2]
    client.put_object(Bucket=bucket, Key="prefix/a*[b]{c} ü", Body=b"image")
    claim_checks = ClaimChecks(ClaimCheckSettings(roots=(root,)))

    assert claim_checks.resolve(f"{root}/a%2A%5Bb%5D%7Bc%7D%20%C3%BC") == b"image"
    assert refusal(claim_checks, f"{root}/%2A") is DeadReason.DATAREF_NOT_FOUND


def test_the_rest_of_the_bucket_is_out_of_reach(s3_root):
    root, client = s3_root
    bucket = root.split("/")[2]
    for key in ("secret", "prefix-evil/secret"):
        client.put_object(Bucket=bucket, Key=key, Body=b"secret")
    claim_checks = ClaimChecks(ClaimCheckSettings(roots=(root,)))

    for dataref in (f"s3://{bucket}/secret", f"s3://{bucket}/prefix-evil/secret", f"{root}/../secret"):
        assert refusal(claim_checks, dataref) is DeadReason.DATAREF_NOT_ALLOWED


def test_many_threads_share_one_client(root):
    claim_checks = ClaimChecks(ClaimCheckSettings(roots=(root,)))
    read: list[bytes] = []

    def there_and_back(n: int) -> None:
        image = bytes([n]) * 100_000
        if claim_checks.resolve(claim_checks.put(image, NOW)) == image:
            read.append(image)

    threads = [threading.Thread(target=there_and_back, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(read) == 16


@pytest.mark.parametrize("answers", [True, False], ids=["refuses connections", "black hole"])
def test_a_storage_that_does_not_answer_is_not_the_frames_fault(s3_bucket, monkeypatch, answers):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if not answers:
            listener.listen()
        host, port = listener.getsockname()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        claim_checks = ClaimChecks(ClaimCheckSettings(roots=(s3_bucket,), timeout_s=3))
        began_at = time.monotonic()

        with pytest.raises(StorageError, match=r"claim_checks\.roots: s3://bucket-\w+/prefix does not"):
            claim_checks.resolve(f"{s3_bucket}/x")

        assert time.monotonic() - began_at < 6
        for thread in threading.enumerate():
            if thread.name == "claim-check":
                thread.join(30)


def test_only_our_expired_objects_are_deleted(root):
    claim_checks = ClaimChecks(ClaimCheckSettings(roots=(root,), ttl_s=DAY_S))
    expired, kept = claim_checks.put(b"old", NOW - 2 * DAY_S), claim_checks.put(b"new", NOW + 2 * DAY_S)

    assert claim_checks.delete_expired(NOW) == 0  # its hour is over, but by the storage's clock it is new
    assert claim_checks.delete_expired(NOW + 1.5 * DAY_S) == 1
    assert refusal(claim_checks, expired) is DeadReason.DATAREF_NOT_FOUND
    assert claim_checks.resolve(kept) == b"new"


def test_an_empty_root_has_nothing_to_delete(root):
    assert ClaimChecks(ClaimCheckSettings(roots=(root,))).delete_expired(NOW) == 0


def test_the_projector_deletes_what_has_expired(kafka, topics, redis, tmp_path):
    root = tmp_path / "frames"
    root.mkdir()
    claim_checks = ClaimCheckSettings(roots=(str(root),), ttl_s=3600)
    brief = topics.model_copy(update={"frames_retention_s": 60.0})
    settings = Settings(kafka=kafka, topics=brief, redis=redis, claim_checks=claim_checks)
    for at in (NOW - DAY_S, NOW):
        ClaimChecks(claim_checks).put(b"image", at)
    for path in root.glob("*/*"):
        at = NOW if path.parent == max(root.iterdir()) else NOW - DAY_S
        os.utime(path, (at, at))

    with running_command("project", overrides(settings)):
        eventually(lambda: len(list(root.iterdir())) == 1)

    assert len(list(root.glob("*/*"))) == 1


@contextmanager
def answering(status: int, promised: int = 0, body: bytes = b"") -> Iterator[str]:
    """An S3 API that gives one answer; `HEAD` promises so many bytes."""

    class Answer(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:  # so does the library call it
            self.send_response(status)
            self.send_header("Content-Length", str(promised))
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_what_the_storage_does_not_show_us_is_forbidden(s3_bucket, monkeypatch):
    with answering(403) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        claim_checks = ClaimChecks(ClaimCheckSettings(roots=(s3_bucket,)))

        assert refusal(claim_checks, f"{s3_bucket}/x") is DeadReason.DATAREF_FORBIDDEN


def test_a_storage_that_fails_is_not_the_frames_fault(s3_bucket, monkeypatch):
    with answering(500) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        claim_checks = ClaimChecks(ClaimCheckSettings(roots=(s3_bucket,)))

        with pytest.raises(StorageError, match="does not work: OSError"):
            claim_checks.resolve(f"{s3_bucket}/x")


def test_an_object_that_has_grown_is_held_to_the_limit(s3_bucket, monkeypatch):
    with answering(200, promised=10, body=bytes(101)) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        claim_checks = ClaimChecks(ClaimCheckSettings(roots=(s3_bucket,), max_bytes=100))

        assert refusal(claim_checks, f"{s3_bucket}/x") is DeadReason.IMAGE_TOO_LARGE


@contextmanager
def running_command(name: str, environment: dict[str, str]) -> Iterator[None]:
    """A command of detectscale, for the length of the block."""
    process = subprocess.Popen([sys.executable, "-m", "detectscale", name], env=_inherited() | environment)
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(30) == 0


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("DETECTSCALE_")}
