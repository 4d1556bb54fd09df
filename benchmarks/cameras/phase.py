"""
Cameras at one rate for a while, and what became of each of their frames.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from detectscale.runtime import Runtime
from detectscale.settings import Settings, overrides
from frames.errors import UnavailableError
from frames.ledger import Ledger, mark, read_ledger
from frames.outcome import Detected, Outcome

DRAIN_S = 60.0
"""After the last frame, until every record has an outcome."""


@dataclass(frozen=True, slots=True)
class Phase:
    """What came of it."""

    times_capacity: float
    seconds: float
    captured: int
    """By the cameras' own count: the sum of all below, with what they dropped or could not send."""
    detected: int
    within_goal: int
    """Detected, and the result in Kafka no later than the goal after the capture."""
    expired: int
    unsent: Mapping[str, int]
    """What the cameras kept back, by reason: frames of which there is no record."""
    lost: int
    """Records without an outcome: to be 0."""
    duplicates: int
    by_camera: Mapping[str, int]
    """Detected."""

    @property
    def share_within_goal(self) -> float:
        """Of all frames captured."""
        return self.within_goal / self.captured

    @property
    def detected_per_s(self) -> float:
        return self.detected / self.seconds

    @property
    def fairness(self) -> float:
        """
        Detected frames of the camera with the fewest against those of the one with the most.

        They take equally many pictures; 1 is perfectly fair.
        """
        return min(self.by_camera.values()) / max(self.by_camera.values())

    @property
    def accounted(self) -> bool:
        """Every picture taken is detected, expired, or counted as unsent, and no record is without an end."""
        return not self.lost and self.captured == self.detected + self.expired + sum(self.unsent.values())

    def __str__(self) -> str:
        return (
            f"{self.times_capacity:g} x capacity, {self.captured} frames in {self.seconds:.0f} s: "
            f"{self.detected} detected ({self.detected_per_s:.1f}/s), "
            f"{self.share_within_goal:.1%} of all within the goal, {self.expired} expired, "
            f"unsent {dict(self.unsent) or 'none'}, {self.lost} lost, {self.duplicates} twice, "
            f"fewest/most of a camera {self.fairness:.2f}"
        )


def run_phase(
    runtime: Runtime,
    pictures: Mapping[str, Path],
    times_capacity: float,
    capacity_per_s: float,
    seconds: float,
    goal_s: float,
    folder: Path,
) -> Phase:
    """
    Let `detectscale camera` send *times_capacity* of the capacity for *seconds*, and count the ends.

    Args:
        pictures: A folder of JPEGs for each camera, played again and again.
    """
    settings = runtime.settings
    since = mark(settings.kafka, settings.topics)
    rate = times_capacity * capacity_per_s / len(pictures)
    file = folder / f"cameras-{times_capacity:g}.yaml"
    file.write_text(
        yaml.safe_dump(
            {name: {"source": str(of), "fps": rate, "loop": True} for name, of in pictures.items()}
        )
    )
    began_at = time.time()
    said = _film(settings, file, seconds, runtime, folder / "cameras.log")
    lasted_s = time.time() - began_at
    results: list[tuple[str, float]] = []

    def found(outcome: Outcome, appended_at: float) -> None:
        if isinstance(outcome, Detected):
            results.append((outcome.camera, appended_at - outcome.captured_at))

    deadline = time.monotonic() + DRAIN_S
    while (ledger := read_ledger(settings.kafka, settings.topics, since)).lost:
        runtime.check()
        if time.monotonic() > deadline:
            break
        time.sleep(1.0)
    ledger = read_ledger(settings.kafka, settings.topics, since, found)
    return _phase(times_capacity, lasted_s, said, ledger, results, goal_s, list(pictures))


def _film(settings: Settings, file: Path, seconds: float, runtime: Runtime, log: Path) -> str:
    """Run the cameras for *seconds*; their summary."""
    command = [sys.executable, "-m", "detectscale", "camera", "--cameras", str(file)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=os.environ | overrides(settings), stderr=output)  # noqa: S603
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            runtime.check()
            if process.poll() is not None:
                raise UnavailableError(f"detectscale camera: ended by itself: {log.read_text()[-500:]}")
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    return log.read_text()


def _phase(
    times_capacity: float,
    seconds: float,
    said: str,
    ledger: Ledger,
    results: Sequence[tuple[str, float]],
    goal_s: float,
    cameras: Sequence[str],
) -> Phase:
    ends: Counter[str] = Counter()
    for summary in re.findall(r"^camera \S+: (.*)$", said, re.MULTILINE):
        for count, outcome in re.findall(r"(\d+) ([a-z ]+)", summary):
            ends[outcome] += int(count)
    detected = Counter(camera for camera, _ in results)
    return Phase(
        times_capacity=times_capacity,
        seconds=seconds,
        captured=ends.total(),
        detected=ledger.detected,
        within_goal=sum(age_s <= goal_s for _, age_s in results),
        expired=ledger.expired,
        unsent={outcome: count for outcome, count in ends.items() if outcome != "sent"},
        lost=len(ledger.lost),
        duplicates=ledger.duplicates,
        by_camera={camera: detected[camera] for camera in cameras},
    )
