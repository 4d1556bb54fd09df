from pathlib import Path

import pytest

from frames.errors import ConfigError
from frames.watched_files import WatchedFiles


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Two files that say the same."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("first")
    other.write_text("first")
    return one, other


def watched(pair: tuple[Path, Path]) -> WatchedFiles[str]:
    def read() -> str:
        one, other = (path.read_text() for path in pair)
        if one != other:
            raise ConfigError("they do not belong together")
        return one

    return WatchedFiles([str(path) for path in pair], read)


def test_files_are_read_again_once_they_fit_together(pair):
    files = watched(pair)
    pair[0].write_text("second")

    between = files.current()
    pair[1].write_text("second")

    assert (between, files.current()) == ("first", "second")


def test_what_was_read_holds_while_they_are_gone_which_is_said_once(pair, caplog):
    files = watched(pair)

    pair[0].unlink()

    assert [files.current(), files.current()] == ["first", "first"]
    assert len(caplog.records) == 1


def test_a_link_that_is_moved_counts_as_a_change(tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).write_text(name)
    link = tmp_path / "link"
    link.symlink_to("first")
    files = WatchedFiles([str(link)], link.read_text)

    link.unlink()
    link.symlink_to("second")

    assert files.current() == "second"


def test_files_that_are_missing_from_the_start_are_a_wrong_setting(tmp_path):
    nowhere = tmp_path / "nowhere"

    with pytest.raises(ConfigError, match="nowhere: No such file"):
        WatchedFiles([str(nowhere)], nowhere.read_text)
