"""`detectscale results --compare` on real topics."""

import json
from dataclasses import replace

import pytest

from detectscale.compare_results import compare_results
from detectscale.settings import Settings
from frames.errors import UnavailableError
from frames.event import Message
from frames.outcome import Detection
from frames.topics import create_topics
from tests.integration.frames.outcomes import detected

CART = Detection("cart", 1, 0.5, (100.0, 100.0, 200.0, 200.0))


@pytest.fixture
def settings(kafka, topics) -> Settings:
    return Settings(kafka=kafka, topics=topics)


@pytest.fixture
def shadow(kafka, topics) -> str:
    """Another topic of results."""
    name = f"{topics.frames}.shadow"
    create_topics(kafka, topics.model_copy(update={"detections": name}))
    return name


def test_a_shadow_is_compared_frame_by_frame(settings, topics, shadow, write, capsys, tmp_path):
    results = [detected(topics, n, partition=n % 3) for n in range(30)]
    other = [replace(one, model_digest="fedcba", detections=(*one.detections, CART)) for one in results]
    write([*results, *((shadow, one.message()) for one in other if one.record.offset != 9)])
    report = tmp_path / "differences.json"

    compare_results(settings, (topics.detections, shadow), None, "1h", 1000, report)

    written = json.loads(report.read_text())
    assert (written["results"], written["both"], written["only"]) == ([30, 29], 29, [1, 0])
    assert written["models"] == [["nano@0123456789abcdef"], ["nano@fedcba"]]
    assert {row["label"]: (row["both"], row["only"]) for row in written["labels"]} == {
        "person": (29, [0, 0]),
        "cart": (0, [0, 29]),
    }
    shown = capsys.readouterr().out
    assert "only B: cart 0.50 [100 100 200 200]" in shown
    assert "29 in both, 0 of them with the same boxes; 1 only in A" in shown


def test_two_models_in_one_topic_are_told_apart_by_their_digests(settings, topics, write, capsys):
    stable = [detected(topics, n) for n in range(6)]
    canary = [detected(topics, n, partition=1, model_digest="fedcba", detections=()) for n in range(2)]
    write([*stable, *canary])

    compare_results(settings, ("@0123", "@FEDC"), None, "1h", 1000, None)

    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "A  @0123  6 results of nano@0123456789ab"
    assert shown[1] == "B  @FEDC  2 results of nano@fedcba"
    assert shown[2].endswith("8 where the other has not been")
    assert any(line.split()[:3] == ["person", "1.00", "0.00"] for line in shown)


def test_only_a_camera_and_only_what_is_new_enough_are_compared(settings, topics, shadow, write, capsys):
    write([detected(topics, 0), detected(topics, 1, camera="gate")])

    compare_results(settings, (topics.detections, shadow), "gate", "1h", 1000, None)
    compare_results(settings, (topics.detections, shadow), None, "2090-01-01", 1000, None)

    shown = capsys.readouterr().out
    assert "A  " + f"{topics.detections:<{max(len(topics.detections), len(shadow))}}" + "  1 results" in shown
    assert "0 results of none" in shown


def test_what_is_no_result_is_left_out(settings, topics, shadow, write, capsys, caplog):
    write([(shadow, Message(b"door", b"{", [])), detected(topics, 0)])

    compare_results(settings, (topics.detections, shadow), None, "1h", 1000, None)

    assert "1 results of nano" in capsys.readouterr().out
    assert "no CloudEvents headers" in caplog.text


def test_a_missing_topic_is_told(settings, topics):
    with pytest.raises(UnavailableError, match="nowhere does not exist"):
        compare_results(settings, (topics.detections, "nowhere"), None, "1h", 1000, None)
