"""A comparison as a person reads it."""

from dataclasses import replace

import pytest

from detectscale.compare_results import compare_results, examples, told
from detectscale.settings import Settings
from frames.comparison import Comparison
from frames.errors import ConfigError
from tests.unit.frames.test_comparison import A, B, found, result

NAMES = ("detections", "shadow.detections")


@pytest.fixture
def summary():
    comparison = Comparison(1000)
    comparison.add(A, result(0, *[found()] * 6))
    comparison.add(B, result(0, found(), digest="0123456789abcdef"))
    return comparison.summary()


def test_the_sides_are_told_with_their_models(summary):
    assert list(told(NAMES, summary)) == [
        "A  detections         1 results of nano@aa",
        "B  shadow.detections  1 results of nano@0123456789ab",
        "1 frames: 1 in both, 0 of them with the same boxes; 0 only in A, 0 only in B; 0 where the other has "
        "not been",
    ]


def test_an_example_says_what_one_side_found_alone_and_is_short(summary):
    assert list(examples(summary))[1:] == [
        "frames/0/0  door  door-0",
        f"  only A: {', '.join(['person 0.90 [0 0 10 10]'] * 4)}, and 1 more",
    ]


def test_what_strangers_wrote_reaches_the_terminal_escaped(summary):
    hostile = replace(summary.examples[0], camera="\x1b[2J")

    shown = list(examples(replace(summary, examples=(hostile,))))

    assert "\x1b" not in "".join(shown)


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(("detections", "detections"), id="the same topic"),
        pytest.param(("detections", "@3f2a"), id="a model out of the same topic"),
        pytest.param(("@3f", "@3f2a"), id="one digest is the beginning of the other"),
    ],
)
def test_a_side_is_not_compared_with_itself(names):
    with pytest.raises(ConfigError, match="one is part of the other"):
        compare_results(Settings(), names, None, "1h", 10, None)
