import os

import pytest

from detectscale.embedded import EmbeddedError
from detectscale.embedded.state_directory import claimed


def test_a_directory_is_claimed_once(tmp_path):
    with (
        claimed(tmp_path),
        pytest.raises(EmbeddedError, match=f"{tmp_path}: in use by process {os.getpid()}: end it, or choose"),
        claimed(tmp_path),
    ):
        pass


def test_a_claim_ends_with_its_block(tmp_path):
    with claimed(tmp_path):
        pass

    with claimed(tmp_path):
        pass


def test_missing_directories_are_made(tmp_path):
    with claimed(tmp_path / "a" / "b", tmp_path / "c"):
        assert (tmp_path / "a" / "b").is_dir()
        assert (tmp_path / "c").is_dir()


def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()

    with (
        pytest.raises(EmbeddedError, match=f"state directory {tmp_path}/file/state: Not a directory"),
        claimed(tmp_path / "file" / "state"),
    ):
        pass
