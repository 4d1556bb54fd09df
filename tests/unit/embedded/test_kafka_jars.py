import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest

from detectscale.embedded import EmbeddedError, kafka_jars
from detectscale.embedded.kafka_jars import ROOTS, Jar, default_cache_dir, installed_jars, locked_jars

WHOLE = b"whole jar"


class Repository:
    """Hands out the same bytes for every jar, and stops in the middle of the one named *torn*."""

    def __init__(self, torn: Jar | None = None) -> None:
        self.torn = torn
        self.fetched: list[Jar] = []

    def __call__(self, jar: Jar, directory: Path) -> Path:
        path = directory / jar.filename
        path.write_bytes(WHOLE[:5])
        if jar == self.torn:
            raise KeyboardInterrupt
        path.write_bytes(WHOLE)
        self.fetched.append(jar)
        return path


@pytest.fixture
def jars(monkeypatch: pytest.MonkeyPatch) -> list[Jar]:
    """A lock that fits what `Repository` hands out."""
    sha256 = hashlib.sha256(WHOLE).hexdigest()
    jars = [Jar("org.example", name, "1.0", sha256) for name in ("first", "second", "third")]
    monkeypatch.setattr(kafka_jars, "locked_jars", lambda: jars)
    return jars


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_the_lock_holds_its_roots_and_a_digest_for_every_jar():
    locked = locked_jars()

    assert set(ROOTS) <= {str(jar) for jar in locked}
    assert all(re.fullmatch("[0-9a-f]{64}", jar.sha256) for jar in locked)
    assert len({jar.filename for jar in locked}) == len(locked)


def test_all_jars_are_fetched_once(tmp_path, jars):
    repository = Repository()

    first, second = installed_jars(tmp_path, repository), installed_jars(tmp_path, repository)

    assert first == second == [tmp_path / "jars" / jar.filename for jar in jars]
    assert repository.fetched == jars


def test_an_interrupted_download_leaves_whole_jars_only_and_goes_on_later(tmp_path, jars):
    with pytest.raises(KeyboardInterrupt):
        installed_jars(tmp_path, Repository(torn=jars[1]))
    assert names(tmp_path) == ["jars"]
    assert names(tmp_path / "jars") == ["first-1.0.jar"]

    rest = Repository()
    installed_jars(tmp_path, rest)

    assert rest.fetched == jars[1:]


def test_a_jar_with_another_digest_is_refused(tmp_path, jars):
    jars[0] = replace(jars[0], sha256="0" * 64)

    with pytest.raises(EmbeddedError, match=r"org\.example:first:1\.0: SHA-256 .* is not the locked one"):
        installed_jars(tmp_path, Repository())
    assert names(tmp_path / "jars") == []


def test_a_cache_directory_that_cannot_be_written_is_named(tmp_path, jars):
    (tmp_path / "file").touch()

    with pytest.raises(EmbeddedError, match=f"cache directory {tmp_path}/file: Not a directory"):
        installed_jars(tmp_path / "file", Repository())


def test_the_cache_follows_the_base_directory_specification(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert default_cache_dir() == Path("/elsewhere/detectscale")

    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_cache_dir() == Path.home() / ".cache/detectscale"
