"""
A program between two topics, from its start until it has answered every frame that waits.
"""

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from subprocess import Popen
from typing import Any

from benchmarks.usage import cpu_s, resident_mib
from detectscale.embedded.child import last_line, running
from frames.clients import KafkaSettings, reader
from frames.errors import UnavailableError
from frames.records import partitions_of, read_until

LOOK_S = 2.0
"""How often it is looked at: asking the broker takes 3 ms of CPU, which it shares."""
SILENCE_S = 90.0
"""A program that answers nothing for so long has failed; a cold start and a join are within it."""
STEADY_AFTER = 0.1
"""Share of the frames after which it counts: no thread waits for its first record any more."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """What a program did and used, once it was at work."""

    frames: int
    """Measured."""
    per_s: float
    """By the instants at which the broker appended the answers."""
    cpu_s: float | None
    """CPU seconds of the program per frame; None: it was done before it was looked at twice."""
    broker_cpu_s: float | None
    """CPU seconds of the broker per frame; None: as `cpu_s`."""
    resident_mib: tuple[float, float] | None
    """Memory of the program: medians over the first and the last quarter; None: as `cpu_s`."""


@dataclass(frozen=True, slots=True)
class _Sample:
    done: int
    cpu_s: float
    broker_cpu_s: float
    resident_mib: float


def work_off(
    command: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    kafka: KafkaSettings,
    answers: str,
    frames: int,
    broker: int,
    cores: Sequence[int],
) -> Throughput:
    """
    Run *command* until it has written *frames* records to the topic *answers*, which exists and is empty.

    Args:
        broker: The broker's process.
        cores: The program runs on these only.

    Raises:
        UnavailableError: It ended, or fell silent.
    """
    with (
        closing(reader(kafka)) as consumer,
        running(command, Path.cwd(), log, environment, answers=lambda: True) as process,
    ):
        os.sched_setaffinity(process.pid, cores)  # before it has a second thread
        places = partitions_of(consumer, [answers])
        consumer.assign(places)
        samples = _watched(process, consumer, places, frames, broker, log)
        appended_at = sorted(
            record.timestamp / 1000 for record in read_until(consumer, consumer.end_offsets(places))
        )[:frames]
    steady = appended_at[int(len(appended_at) * STEADY_AFTER) :]
    per_s = (len(steady) - 1) / (steady[-1] - steady[0])
    at_work = [sample for sample in samples if frames * STEADY_AFTER <= sample.done < frames]
    if len(at_work) < 2 or at_work[0].done == at_work[-1].done:
        return Throughput(len(steady), per_s, None, None, None)
    first, last = at_work[0], at_work[-1]
    done = last.done - first.done
    quarter = -(-len(at_work) // 4)
    return Throughput(
        len(steady),
        per_s,
        (last.cpu_s - first.cpu_s) / done,
        (last.broker_cpu_s - first.broker_cpu_s) / done,
        (
            median(sample.resident_mib for sample in at_work[:quarter]),
            median(sample.resident_mib for sample in at_work[-quarter:]),
        ),
    )


def _watched(
    process: Popen[bytes], consumer: Any, places: Sequence[Any], frames: int, broker: int, log: Path
) -> list[_Sample]:
    samples: list[_Sample] = []
    answered_at = time.monotonic()
    while not samples or samples[-1].done < frames:
        if process.poll() is not None:
            raise UnavailableError(f"{log.stem}: ended with status {process.returncode}: {last_line(log)}")
        if time.monotonic() - answered_at > SILENCE_S:
            raise UnavailableError(f"{log.stem}: no answer for {SILENCE_S:g} s: {last_line(log)}")
        time.sleep(LOOK_S)
        done = sum(consumer.end_offsets(places).values())
        if not samples or done > samples[-1].done:
            answered_at = time.monotonic()
        samples.append(_Sample(done, cpu_s(process.pid), cpu_s(broker), resident_mib(process.pid)))
    return samples
