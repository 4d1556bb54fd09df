import time
from collections.abc import Callable

from autoscaler.decision import Memory
from autoscaler.journal import Entry, Journal, read_journal, replay
from autoscaler.observation import Observation, Start
from autoscaler.policy import decide
from autoscaler.policy_settings import PolicySettings

PARAMS = PolicySettings()


def entries(count: int) -> list[Entry]:
    memory, made = Memory(), []
    for step in range(count):
        waiting = Observation(
            1e9 + step / 3, (step, 7), 0.1 * step, 0.3, 1, (Start(0.7),), 0, 2, None, None, None
        )
        decision, after = decide(waiting, memory, PARAMS)
        made.append(Entry(waiting, memory, decision, PARAMS))
        memory = after
    return made


def eventually(read: Callable[[], list[Entry]], length: int) -> list[Entry]:
    deadline = time.monotonic() + 20
    while len(found := read()) < length and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def test_what_was_written_is_read_back_by_target_and_replays(kafka, topics, send):
    written = entries(20)
    journal, other = (Journal(kafka, topics.decisions, target) for target in ("frames", "other"))
    send(topics.decisions, b"not an entry", key=b"frames")
    for entry in written:
        journal.append(entry)
        other.append(written[0])

    found = eventually(lambda: read_journal(kafka, topics.decisions, "frames"), len(written))

    journal.close()
    other.close()
    assert found == written
    assert list(replay(found, PARAMS)) == [entry.decision for entry in written]


def test_a_topic_that_is_missing_costs_entries_but_holds_nothing_up(kafka):
    journal = Journal(kafka, "no-such-topic", "frames")
    started = time.monotonic()

    journal.append(entries(1)[0])

    journal.close()
    assert time.monotonic() - started < 10
