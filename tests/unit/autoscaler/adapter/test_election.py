import pytest

from autoscaler.adapter.election import RETRY_S, FileElection
from frames.errors import ConfigError


class Clock:
    at = 0.0

    def __call__(self) -> float:
        return self.at


def test_one_of_two_is_the_one_until_it_resigns(tmp_path):
    first, second = (FileElection(str(tmp_path / "lock"), Clock()) for _ in range(2))

    assert (first.held(), second.held(), first.held()) == (True, False, True)

    first.resign()

    assert (second.held(), first.held()) == (True, False)


def test_who_resigned_comes_back_where_nobody_else_wants_it(tmp_path):
    clock = Clock()
    only = FileElection(str(tmp_path / "lock"), clock)
    only.held()
    only.resign()

    assert not only.held()
    clock.at = RETRY_S
    assert only.held()


def test_a_place_where_no_file_can_be_is_a_wrong_setting(tmp_path):
    with pytest.raises(ConfigError, match=r"adapter\.election_file: .*: No such file or directory"):
        FileElection(str(tmp_path / "nowhere" / "lock"))
