"""Claim checks in local folders: what is written is read, and nothing else is."""

import os
import socket
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frames.claim_check import MAX_DELETED, ClaimChecks, ClaimCheckSettings
from frames.errors import ConfigError
from frames.event import Frame, decode_frame, encode_frame
from frames.object_storage import ClaimCheckError, StorageError
from frames.outcome import DeadReason
from frames.topics import TopicSettings

NOW = 1_800_000_000.0  # 2027-01-15 08:00 UTC
DAY_S = 86_400.0
HOUR_S = 3_600.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "my frames"
    root.mkdir()
    return root


def checks(*roots: Path, **changes: float) -> ClaimChecks:
    return ClaimChecks(ClaimCheckSettings(roots=tuple(map(str, roots)), **changes))


def refusal(claim_checks: ClaimChecks, dataref: str) -> DeadReason:
    with pytest.raises(ClaimCheckError) as caught:
        claim_checks.resolve(dataref)
    assert "\n" not in caught.value.detail
    return caught.value.reason


def objects(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def aged(dataref_or_path: str | Path, at: float) -> None:
    os.utime(str(dataref_or_path).removeprefix("file://").replace("%20", " "), (at, at))


def test_what_was_put_is_resolved(root):
    claim_checks = checks(root)

    dataref = claim_checks.put(b"image", NOW)

    assert claim_checks.resolve(dataref) == b"image"
    assert dataref.startswith("file:///")
    assert "/my%20frames/2027-01-15T08/" in dataref


def test_names_cannot_be_guessed(root):
    claim_checks = checks(root)

    names = {claim_checks.put(b"image", NOW).rpartition("/")[2] for _ in range(20)}

    assert len(names) == 20
    assert {len(name) for name in names} == {32}


def test_nothing_unfinished_is_left_behind_or_shown(root):
    checks(root).put(b"image", NOW)

    [written] = objects(root)
    assert written.name.isalnum()
    assert written.stat().st_mode & 0o007 == 0


def test_a_frame_that_holds_its_image_needs_no_storage(root):
    frame = Frame("1", "door", "/cameras/door", NOW, "image/jpeg", b"image")

    assert checks().open(frame) == b"image"


def test_a_frame_travels_with_its_dataref_alone(root):
    claim_checks = checks(root)
    frame = Frame("1", "door", "/cameras/door", NOW, "image/jpeg", b"", dataref=claim_checks.put(b"x", NOW))

    message = encode_frame(frame)

    assert message.value == b""
    assert claim_checks.open(decode_frame(message, NOW)) == b"x"


def test_without_roots_every_dataref_is_refused(root):
    dataref = checks(root).put(b"image", NOW)

    assert refusal(checks(), dataref) is DeadReason.DATAREF_NOT_ALLOWED


def test_objects_below_any_root_are_read(root, tmp_path):
    first = tmp_path / "first"
    first.mkdir()
    dataref = checks(root).put(b"image", NOW)

    assert checks(first, root).resolve(dataref) == b"image"


def test_outside_of_the_roots_nothing_is_looked_at(root, monkeypatch):
    claim_checks = checks(root)
    looked_at: list[object] = []
    for name in ("open", "stat", "lstat", "readlink", "scandir"):
        monkeypatch.setattr(os, name, lambda *arguments, **_: looked_at.append(arguments))

    reasons = {
        refusal(claim_checks, dataref)
        for dataref in ("file:///etc/hostname", f"file://{root}/../secret", "s3://bucket/x", "http://host/x")
    }

    assert reasons == {DeadReason.DATAREF_NOT_ALLOWED}
    assert looked_at == []


@pytest.mark.parametrize("on_the_way", [True, False], ids=["folder", "object"])
def test_no_symbolic_link_is_followed(root, tmp_path, on_the_way):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    if on_the_way:
        (root / "a").symlink_to(outside)
    else:
        (root / "a").mkdir()
        (root / "a" / "secret").symlink_to(outside / "secret")

    dataref = f"{root.as_uri()}/a/secret"

    assert refusal(checks(root), dataref) is DeadReason.DATAREF_NOT_ALLOWED


def test_the_root_itself_may_be_a_link(root, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(root)
    claim_checks = checks(link)

    assert claim_checks.resolve(claim_checks.put(b"image", NOW)) == b"image"


def test_only_regular_files_are_read(root, monkeypatch):
    os.mkfifo(root / "pipe")
    (root / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        monkeypatch.chdir(root)  # a socket's path must be short
        listener.bind("socket")

        reasons = [refusal(checks(root), f"{root.as_uri()}/{name}") for name in ("pipe", "folder", "socket")]

    assert reasons == [
        DeadReason.DATAREF_NOT_ALLOWED,
        DeadReason.DATAREF_NOT_ALLOWED,
        DeadReason.DATAREF_NOT_FOUND,
    ]


@pytest.mark.parametrize("name", ["gone", "gone/x", "x" * 300], ids=["object", "folder", "long name"])
def test_what_is_not_there_is_gone_for_good(root, name):
    assert refusal(checks(root), f"{root.as_uri()}/{name}") is DeadReason.DATAREF_NOT_FOUND


def test_what_may_not_be_read_is_said(root, monkeypatch):
    dataref = checks(root).put(b"image", NOW)
    as_it_was = os.open

    def denied(path: str, *arguments: int, **options: int) -> int:  # who runs the tests may be allowed all
        if path == dataref.rpartition("/")[2]:
            raise PermissionError(13, "denied")
        return as_it_was(path, *arguments, **options)

    monkeypatch.setattr(os, "open", denied)

    assert refusal(checks(root), dataref) is DeadReason.DATAREF_FORBIDDEN


def test_an_object_of_the_largest_size_passes_and_a_larger_one_does_not(root):
    fits, too_large = (checks(root).put(bytes(size), NOW) for size in (100, 101))

    limited = checks(root, max_bytes=100)

    assert limited.resolve(fits) == bytes(100)
    assert refusal(limited, too_large) is DeadReason.IMAGE_TOO_LARGE


def test_a_file_that_grows_while_it_is_read_is_held_to_the_limit(root, monkeypatch):
    dataref = checks(root).put(bytes(100), NOW)
    [written] = objects(root)
    as_it_was = os.fstat

    def then_grow(descriptor: int) -> os.stat_result:
        status = as_it_was(descriptor)
        with written.open("ab") as file:
            file.write(bytes(1000))
        return status

    monkeypatch.setattr(os, "fstat", then_grow)

    assert refusal(checks(root, max_bytes=100), dataref) is DeadReason.IMAGE_TOO_LARGE


def test_a_root_that_is_not_there_is_the_storages_fault(root):
    claim_checks = checks(root)
    dataref = claim_checks.put(b"image", NOW)
    root.rename(root.with_name("unmounted"))

    with pytest.raises(StorageError, match="is it there, and mounted"):
        claim_checks.resolve(dataref)
    with pytest.raises(StorageError, match="is it there, and mounted"):
        claim_checks.put(b"image", NOW)
    with pytest.raises(StorageError, match="is it there, and mounted"):
        claim_checks.delete_expired(NOW)


def test_a_storage_that_stalls_is_given_up(root, monkeypatch):
    claim_checks = checks(root, timeout_s=0.05)
    dataref = checks(root).put(b"image", NOW)
    stalled, as_it_was = threading.Event(), os.fstat
    monkeypatch.setattr(os, "fstat", lambda descriptor: stalled.wait(30) and as_it_was(descriptor))

    for _ in range(12):  # more than may be under way at a time
        with pytest.raises(StorageError, match=r"my%20frames does not answer within 0\.05 s"):
            claim_checks.resolve(dataref)
    before = threading.active_count()
    stalled.set()
    for thread in threading.enumerate():
        if thread.name == "claim-check":
            thread.join(30)

    assert before <= 10 + threading.active_count()
    assert claim_checks.resolve(dataref) == b"image"


def test_expired_objects_are_deleted_and_others_stay(root):
    claim_checks = checks(root, ttl_s=DAY_S)
    old, older, young = (
        claim_checks.put(b"image", at) for at in (NOW - DAY_S - 1, NOW - 9 * DAY_S, NOW - DAY_S + 1)
    )
    for dataref, at in ((old, NOW - DAY_S - 1), (older, NOW - 9 * DAY_S), (young, NOW - DAY_S + 1)):
        aged(dataref, at)

    deleted = claim_checks.delete_expired(NOW)

    assert deleted == 2
    assert claim_checks.resolve(young) == b"image"
    assert refusal(claim_checks, old) is DeadReason.DATAREF_NOT_FOUND
    assert claim_checks.delete_expired(NOW) == 0


def test_a_publisher_whose_clock_is_late_loses_nothing(root):
    claim_checks = checks(root, ttl_s=DAY_S)
    dataref = claim_checks.put(b"image", NOW - 30 * DAY_S)
    aged(dataref, NOW)

    assert claim_checks.delete_expired(NOW) == 0
    assert claim_checks.resolve(dataref) == b"image"


def test_only_what_was_put_is_deleted(root, tmp_path):
    first = tmp_path / "first"
    first.mkdir()
    claim_checks = checks(first, root, ttl_s=DAY_S)
    ours = claim_checks.put(b"image", NOW - 9 * DAY_S)
    checks(root).put(b"image", NOW - 9 * DAY_S)  # below the second root
    shard = first / "2027-01-06T08"
    for stranger in (first / "model.onnx", shard / "notes.txt", first / "2027" / ("a" * 32)):
        stranger.parent.mkdir(exist_ok=True)
        stranger.write_bytes(b"mine")
    (shard / ("b" * 32)).symlink_to(first / "model.onnx")
    unfinished = shard / f".{'c' * 32}.draft"
    unfinished.write_bytes(b"ima")
    for path in (*objects(first), *objects(root)):
        aged(path, NOW - 9 * DAY_S)

    claim_checks.delete_expired(NOW)

    assert refusal(claim_checks, ours) is DeadReason.DATAREF_NOT_FOUND
    assert not unfinished.exists()
    assert (first / "model.onnx").exists()
    assert (shard / "notes.txt").exists()
    assert (first / "2027" / ("a" * 32)).exists()
    assert len(objects(root)) == 1


def test_empty_hours_are_removed(root):
    claim_checks = checks(root, ttl_s=DAY_S)
    aged(claim_checks.put(b"image", NOW - 9 * DAY_S), NOW - 9 * DAY_S)
    claim_checks.put(b"image", NOW)

    claim_checks.delete_expired(NOW)

    assert [folder.name for folder in root.iterdir()] == ["2027-01-15T08"]


def test_one_clean_up_does_a_bounded_amount_of_work(root):
    shard = root / "2027-01-06T08"
    shard.mkdir()
    for n in range(MAX_DELETED + 5):
        (shard / f"{n:032x}").touch()
        aged(shard / f"{n:032x}", NOW - 9 * DAY_S)
    claim_checks = checks(root)

    assert [claim_checks.delete_expired(NOW) for _ in range(3)] == [MAX_DELETED, 5, 0]


@settings(max_examples=50)
@given(age_s=st.floats(0, 10 * DAY_S), ttl_s=st.floats(1, 5 * DAY_S))
def test_no_object_is_deleted_before_its_time_and_none_stays_an_hour_longer(tmp_path_factory, age_s, ttl_s):
    claim_checks = checks(tmp_path_factory.mktemp("root"), ttl_s=ttl_s)
    aged(claim_checks.put(b"", NOW - age_s), NOW - age_s)

    deleted = claim_checks.delete_expired(NOW)

    assert deleted <= (age_s >= ttl_s)
    assert deleted >= (age_s > ttl_s + HOUR_S)


def test_images_must_outlive_the_frames_that_name_them():
    brief = ClaimCheckSettings(roots=("/mnt/frames",), ttl_s=3600)

    with pytest.raises(ConfigError, match=r"claim_checks\.ttl_s: must be above .* 3600, got 3600"):
        brief.require_outliving(TopicSettings(frames_retention_s=3600))
    ClaimCheckSettings(ttl_s=1).require_outliving(TopicSettings())  # nothing to delete


def test_a_root_that_is_none_is_refused():
    with pytest.raises(ValueError, match="an absolute local folder is expected"):
        ClaimCheckSettings(roots=("frames",))


def test_a_missing_client_is_said_at_once(monkeypatch):
    monkeypatch.setattr("frames.object_storage.find_spec", lambda _: None)

    with pytest.raises(
        ConfigError, match=r"s3://bucket needs s3fs; install it: pip install 'detectscale\[s3\]'"
    ):
        ClaimChecks(ClaimCheckSettings(roots=("s3://bucket",)))
    with pytest.raises(ConfigError, match=r"pip install 'detectscale\[gcs\]'"):
        ClaimChecks(ClaimCheckSettings(roots=("gs://bucket",)))
