import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frames.errors import UnavailableError
from workers.model_cache import KEPT, ModelCache

CONTENT = bytes(range(200))
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def cache(tmp_path):
    return ModelCache(tmp_path)


def put(cache, content=CONTENT):
    digest = hashlib.sha256(content).hexdigest()
    with cache.partial() as folder:
        (folder / "mine.pt").write_bytes(content)
        return cache.keep(folder, digest, "mine.pt")


def left(tmp_path):
    """What is in the cache, without the notes."""
    return sorted(path.name for path in (tmp_path / "fetched").iterdir() if path.name != "versions")


def test_a_kept_model_is_found(cache, tmp_path):
    path = put(cache)

    assert cache.find(DIGEST, "mine.pt") == path
    assert path.read_bytes() == CONTENT
    assert left(tmp_path) == [DIGEST]


def test_a_model_that_was_never_kept_is_not_found(cache):
    assert cache.find(DIGEST, "mine.pt") is None


@contextmanager
def fresh_cache():
    """Hypothesis runs its examples in one test, whose `tmp_path` they would share."""
    folder = Path(tempfile.mkdtemp())
    try:
        yield ModelCache(folder)
    finally:
        shutil.rmtree(folder)


@given(at=st.integers(0, len(CONTENT) - 1), flip=st.integers(1, 255))
def test_any_flipped_bits_make_it_unknown_until_it_is_fetched_again(at, flip):
    with fresh_cache() as cache:
        path = put(cache)
        path.write_bytes(CONTENT[:at] + bytes([CONTENT[at] ^ flip]) + CONTENT[at + 1 :])

        assert cache.find(DIGEST, "mine.pt") is None
        assert put(cache).read_bytes() == CONTENT
        assert cache.find(DIGEST, "mine.pt") == path


@given(length=st.integers(0, len(CONTENT) - 1))
def test_any_truncation_makes_it_unknown(length):
    with fresh_cache() as cache:
        put(cache).write_bytes(CONTENT[:length])

        assert cache.find(DIGEST, "mine.pt") is None


def test_a_fetch_that_breaks_off_leaves_nothing(cache, tmp_path):
    def break_off():
        with cache.partial() as folder:
            (folder / "mine.pt").write_bytes(CONTENT[:50])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()

    assert left(tmp_path) == []


def test_a_full_disk_leaves_no_half_file_and_makes_room(cache, tmp_path):
    put(cache, b"another model")

    def fill_up():
        with cache.partial() as folder:
            (folder / "mine.pt").write_bytes(CONTENT[:50])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(UnavailableError, match="No space left on device; it needs space for one model"):
        fill_up()

    assert left(tmp_path) == []


def test_two_that_fetch_the_same_at_once_both_get_it(cache, tmp_path):
    with cache.partial() as slow:
        (slow / "mine.pt").write_bytes(CONTENT)
        first = put(ModelCache(tmp_path))

        second = cache.keep(slow, DIGEST, "mine.pt")

    assert first == second
    assert second.read_bytes() == CONTENT
    assert left(tmp_path) == [DIGEST]


def test_what_a_killed_process_left_is_removed_but_not_what_another_still_fetches(cache, tmp_path):
    abandoned, alive = (tmp_path / "fetched" / name for name in ("partial-abandoned", "partial-alive"))
    abandoned.mkdir(parents=True)
    (abandoned / "mine.pt").write_bytes(CONTENT[:50])
    alive.mkdir()
    lock = os.open(alive, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)

    put(cache)

    os.close(lock)
    assert left(tmp_path) == [DIGEST, "partial-alive"]


def test_the_models_used_last_are_kept(cache, tmp_path):
    contents = [f"model {number}".encode() for number in range(KEPT + 2)]
    for number, content in enumerate(contents):
        os.utime(put(cache, content).parent, (number, number))

    assert len(left(tmp_path)) == KEPT
    assert cache.find(hashlib.sha256(contents[0]).hexdigest(), "mine.pt") is None
    assert cache.find(hashlib.sha256(contents[-1]).hexdigest(), "mine.pt")


def test_the_digest_of_a_version_is_remembered(cache):
    with cache.partial() as folder:
        cache.remember(folder, "s3://bucket/mine.pt etag-1", DIGEST)

    assert cache.last_digest("s3://bucket/mine.pt etag-1") == DIGEST
    assert cache.last_digest("s3://bucket/mine.pt etag-2") is None
