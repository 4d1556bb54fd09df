"""
What is measured: a worker over a backlog of frames, between two runs of the engine it is made of.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Literal

from benchmarks.pipeline.pictures import HD, VGA, Size
from benchmarks.pipeline.working_off import Throughput


@dataclass(frozen=True, slots=True)
class Case:
    """One worker process, with a stream and a detecting thread for each of its cores."""

    name: str
    size: Size
    precision: Literal["auto", "f32"]
    one_core: bool = False
    """On the first core alone, as the engine then is; the broker may use them all. Else all cores."""
    beside_naive: bool = False
    """The naive program and `YOLO.predict` are measured in the same rounds."""


CASES = (
    Case("f32", VGA, "f32"),
    Case("fastest", VGA, "auto", beside_naive=True),
    Case("1080p", HD, "auto"),
    Case("f32-one-core", VGA, "f32", one_core=True),
    Case("fastest-one-core", VGA, "auto", one_core=True),
)


@dataclass(frozen=True, slots=True)
class Bare:
    """What an engine does without a pipeline."""

    per_s: float
    cpu_s: float
    """CPU seconds per frame."""


@dataclass(frozen=True, slots=True)
class Naive:
    """The naive program, and `YOLO.predict` alone."""

    program: Throughput
    predict: Bare


@dataclass(frozen=True, slots=True)
class Round:
    """One worker's run, and what was measured around it."""

    before: Bare
    worker: Throughput
    after: Bare
    naive: Naive | None

    @property
    def bare_per_s(self) -> float:
        return mean((self.before.per_s, self.after.per_s))

    @property
    def bare_cpu_s(self) -> float:
        return mean((self.before.cpu_s, self.after.cpu_s))

    @property
    def ratio(self) -> float:
        """Worker over engine, in frames per second."""
        return self.worker.per_s / self.bare_per_s

    @property
    def ratio_cpu(self) -> float | None:
        """Engine over worker, in CPU seconds per frame: what the broker takes is nobody's."""
        used_s = self.worker.cpu_s
        return None if used_s is None else self.bare_cpu_s / used_s

    @property
    def times_naive(self) -> float | None:
        """Worker over naive program, in frames per second."""
        return self.worker.per_s / self.naive.program.per_s if self.naive else None

    @property
    def times_naive_share(self) -> float | None:
        """What is left of the engine's lead over `YOLO.predict` between the two programs."""
        times = self.times_naive
        return times * self.naive.predict.per_s / self.bare_per_s if self.naive and times else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Medians over the rounds of a case; None: not measured."""

    ratio: float
    ratio_cpu: float | None
    worker_per_s: float
    bare_per_s: float
    worker_cpu_ms: float | None
    """Of CPU per frame, as the next two."""
    bare_cpu_ms: float
    broker_cpu_ms: float | None
    resident_mib: tuple[float, float] | None
    """Of the first round, whose process is new as any: first quarter, last quarter."""
    naive_per_s: float | None
    predict_per_s: float | None
    times_naive: float | None
    """Worker over naive program."""
    times_naive_share: float | None
    """The same, over (engine / `YOLO.predict`)."""

    @classmethod
    def of(cls, rounds: Sequence[Round]) -> "Outcome":
        """Each figure's median is its own."""

        def over(figure: Callable[[Round], float | None]) -> float | None:
            known = [value for each in rounds if (value := figure(each)) is not None]
            return median(known) if known else None

        def ms(seconds: float | None) -> float | None:
            return None if seconds is None else seconds * 1000

        return cls(
            ratio=median(each.ratio for each in rounds),
            ratio_cpu=over(lambda each: each.ratio_cpu),
            worker_per_s=median(each.worker.per_s for each in rounds),
            bare_per_s=median(each.bare_per_s for each in rounds),
            worker_cpu_ms=ms(over(lambda each: each.worker.cpu_s)),
            bare_cpu_ms=median(each.bare_cpu_s for each in rounds) * 1000,
            broker_cpu_ms=ms(over(lambda each: each.worker.broker_cpu_s)),
            resident_mib=rounds[0].worker.resident_mib,
            naive_per_s=over(lambda each: each.naive.program.per_s if each.naive else None),
            predict_per_s=over(lambda each: each.naive.predict.per_s if each.naive else None),
            times_naive=over(lambda each: each.times_naive),
            times_naive_share=over(lambda each: each.times_naive_share),
        )

    def lines(self) -> Iterator[str]:
        """For people."""
        yield (
            f"end to end {self.worker_per_s:.1f}/s, engine {self.bare_per_s:.1f}/s: ratio {self.ratio:.3f}"
        )
        if self.worker_cpu_ms is not None and self.broker_cpu_ms is not None:
            yield (
                f"CPU per frame: worker {self.worker_cpu_ms:.2f} ms, engine {self.bare_cpu_ms:.2f} ms, "
                f"broker {self.broker_cpu_ms:.2f} ms; "
                f"ratio of CPU seconds, without the broker's: {self.ratio_cpu:.3f}"
            )
        if self.resident_mib is not None:
            first, last = self.resident_mib
            yield f"memory: {first:.0f} MiB in the first quarter, {last:.0f} MiB in the last"
        if self.naive_per_s is not None and self.predict_per_s is not None:
            yield (
                f"naive program {self.naive_per_s:.1f}/s, YOLO.predict {self.predict_per_s:.1f}/s: "
                f"{self.times_naive:.2f} times the naive program, "
                f"{self.times_naive_share:.2f} x (engine / YOLO.predict)"
            )
