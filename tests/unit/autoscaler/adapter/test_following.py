from dataclasses import replace

from autoscaler.adapter.following import decided_at, memory_after, publish
from autoscaler.decision import Memory
from autoscaler.policy import decide
from tests.unit.autoscaler.adapter.made import IDLE, PARAMS, WAITING, entry, target


def entries(count: int):
    memory, made = Memory(), []
    for step in range(count):
        made.append(entry(replace(WAITING, at=1e9 + step), memory=memory))
        memory = decide(made[-1].observation, memory, PARAMS)[1]
    return made, memory


def test_who_takes_over_remembers_what_the_other_remembered():
    journal, memory = entries(5)

    assert memory_after(journal[-1], PARAMS) == memory


def test_an_entry_that_does_not_say_its_parameters_is_decided_by_ours():
    journal, memory = entries(5)

    assert memory_after(replace(journal[-1], params=None), PARAMS) == memory


def test_the_newest_entry_is_the_answer_and_the_others_are_history():
    journal, _ = entries(3)
    known = target()

    publish(journal, known)

    assert known.latest.entry == journal[-1]
    assert known.recent == tuple(journal)


def test_what_was_read_before_is_not_published_again():
    journal, _ = entries(3)
    known = target()

    publish(journal[:2], known)
    publish(journal, known)
    publish(journal, known)

    assert known.recent == tuple(journal)


def test_an_old_entry_is_old_from_the_start_and_one_of_the_future_is_new():
    old = entry(replace(IDLE, at=1000.0))

    assert decided_at(old, wall=1040.0, monotonic=500.0) == 460.0
    assert decided_at(old, wall=990.0, monotonic=500.0) == 500.0
