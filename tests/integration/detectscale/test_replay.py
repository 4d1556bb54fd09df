"""`detectscale simulate --journal` on a real topic that several targets share."""

import pytest

from autoscaler import journal
from autoscaler.decision import Memory
from autoscaler.journal import Entry
from autoscaler.observation import Observation
from autoscaler.policy import decide
from autoscaler.policy_settings import PolicySettings
from detectscale.places import Places
from detectscale.replay import replay_journal
from detectscale.settings import Settings
from frames.clients import producer
from frames.errors import ConfigError

PARAMS = PolicySettings()


def write(kafka, topic: str, target: str, count: int) -> None:
    client, memory = producer(kafka), Memory()
    for step in range(count):
        seen = Observation(1e9 + step, (step,), 1.0, 1.0, 1, (), 0, 0, None, None, None)
        decision, after = decide(seen, memory, PARAMS)
        client.send(topic, journal.write(Entry(seen, memory, decision, PARAMS)), target.encode())
        memory = after
    client.close()


@pytest.fixture
def replayed(kafka, topics, tmp_path):
    """Replays the test's journal, `replayed(target)`."""

    def replay(target: str | None = None) -> bool:
        settings = Settings(kafka=kafka, topics=topics)
        return replay_journal(topics.decisions, settings, Places.of(tmp_path), [], target)

    return replay


def test_where_a_topic_is_about_one_target_none_needs_to_be_named(kafka, topics, replayed, capsys):
    write(kafka, topics.decisions, "door", 5)

    assert replayed()
    assert "5 decisions, 5 of them the same again" in capsys.readouterr().out


def test_of_several_targets_one_is_named(kafka, topics, replayed, capsys):
    write(kafka, topics.decisions, "door", 5)
    write(kafka, topics.decisions, "gate", 3)

    assert replayed("gate")
    assert "3 decisions, 3 of them the same again" in capsys.readouterr().out
    with pytest.raises(ConfigError, match=r"holds decisions about door, gate; name one by --target$"):
        replayed()
    with pytest.raises(ConfigError, match=r"holds no decisions about roof, but about door, gate$"):
        replayed("roof")


def test_a_topic_without_decisions_is_an_error(replayed):
    with pytest.raises(ConfigError, match="holds no decisions"):
        replayed()
