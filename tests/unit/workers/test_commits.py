from kafka.errors import RebalanceInProgressError

from workers.claim import Claim
from workers.commits import HOLD_S, Commits


class Group:
    """A consumer whose group takes commits, or is between two assignments."""

    def __init__(self):
        self.rebalances = False

    def commit(self, offsets, timeout_ms):
        if self.rebalances:
            raise RebalanceInProgressError


class Fixture:
    """The commits of a worker that has just finished a record."""

    def __init__(self):
        self.now = 0.0
        self.group = Group()
        self.commits = Commits(self.group, "frames", clock=lambda: self.now)
        self.claim = Claim()

    def commit(self, offset, at):
        self.now = at
        self.claim.taken(offset)
        self.claim.finished(offset)
        return self.commits.commit({0: self.claim})


def test_results_wait_while_a_rebalance_goes_on_since_a_crash_would_repeat_them():
    worker = Fixture()
    worker.commit(0, at=10.0)
    before = worker.commits.hold_results

    worker.group.rebalances = True
    refused = worker.commit(1, at=10.1)
    during = worker.commits.hold_results
    worker.group.rebalances = False
    taken = worker.commit(2, at=10.4)

    assert (before, refused, during, taken) == (False, False, True, True)
    assert not worker.commits.hold_results


def test_results_wait_for_no_rebalance_that_takes_longer_than_others_do():
    worker = Fixture()
    worker.group.rebalances = True
    worker.commit(0, at=10.0)
    worker.commit(1, at=10.0 + 0.9 * HOLD_S)
    waiting = worker.commits.hold_results
    worker.commit(2, at=10.0 + 1.1 * HOLD_S)

    assert (waiting, worker.commits.hold_results) == (True, False)
