"""
Chaos soak: random faults, from a seed, over a steady load and two workers that are started again.

    python -m tests.integration.faults.soak --seconds 600 --report soak.json

Ends with status 1 if a record was lost, more than one in a thousand was done twice, or a worker gave up.
"""

import argparse
import contextlib
import json
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from detectscale.service import interrupt_on_sigterm
from frames.clients import KafkaSettings
from tests.integration.faults.brokers import Broker, behind_proxy, reached
from tests.integration.faults.command_process import CommandProcess
from tests.integration.faults.images import small_images
from tests.integration.faults.oracle import Window, judged
from tests.integration.faults.proxy import Proxy
from tests.integration.faults.rig import Rig, lasting

MAX_DUPLICATES_SHARE = 0.001
"""Knative's bound for its Kafka broker under chaos."""
WORKERS = 2
RATE = 24.0
"""Frames a second."""
COMMIT_INTERVAL_S = 0.02
"""A SIGKILL repeats what was published since the last commit: at the usual 0.1 s, a frame or two."""
CALM_S = (3.0, 8.0)
"""Between two faults."""
LENGTH_S = (1.0, 5.0)
"""Of a fault that has one."""


@dataclass(frozen=True)
class Report:
    """What a soak found."""

    seed: int
    seconds: float
    published: int
    lost: int
    duplicates: int
    duplicates_share: float
    faults: dict[str, int]
    max_recovery_s: float
    committed_too_far: int
    ended_unasked: int
    """Workers that ended although nobody killed them or told them to leave."""

    @property
    def passed(self) -> bool:
        return (
            not self.lost
            and not self.committed_too_far
            and not self.ended_unasked
            and self.duplicates_share <= MAX_DUPLICATES_SHARE
            and bool(self.faults)
        )


class Soak:
    """Two workers, and all that may befall them."""

    def __init__(self, stage: Rig, broker: Broker, proxy: Proxy, rng: random.Random) -> None:
        self._stage = stage
        self._broker = broker
        self._proxy = proxy
        self._rng = rng
        self._via = KafkaSettings(bootstrap_servers=f"127.0.0.1:{proxy.port}")
        self.faults: Counter[str] = Counter()
        self._asked: set[str] = set()
        self.max_recovery_s = 0.0

    def run(self, seconds: float) -> None:
        """Inflict faults until *seconds* have passed or Ctrl-C."""
        faults: dict[str, Callable[[], None]] = {
            "SIGKILL": self._kill,
            "SIGTERM": self._terminate,
            "SIGSTOP": self._freeze,
            "cut": self._cut,
            "black hole": self._black_hole,
            "delay": self._delay,
            "broker frozen": self._freeze_broker,
        }
        self._stage.steady(WORKERS, via=self._via)
        ends_at = time.monotonic() + seconds
        deck: list[str] = []
        while time.monotonic() < ends_at:
            deck = deck or self._rng.sample(list(faults), len(faults))  # each kind once, then all again
            name = deck.pop()
            self.supervise()
            faults[name]()
            self.faults[name] += 1
            self.supervise()
            healed_at = time.time()
            with contextlib.suppress(AssertionError):  # a minute says enough; the drain decides what is lost
                self._stage.await_served(healed_at, within_s=60)
            recovery_s = time.time() - healed_at
            self.max_recovery_s = max(self.max_recovery_s, recovery_s)
            left_s = max(0.0, ends_at - time.monotonic())
            print(f"{left_s:5.0f} s left: {name}, recovered in {recovery_s:.1f} s", flush=True)
            lasting(min(left_s, self._rng.uniform(*CALM_S)))

    def supervise(self) -> None:
        """Start again who has ended, as Kubernetes would."""
        for _ in range(WORKERS - sum(worker.alive for worker in self._stage.workers)):
            self._stage.start_worker(via=self._via)

    @property
    def ended_unasked(self) -> int:
        ended = {worker.name for worker in self._stage.workers if not worker.alive}
        return len(ended - self._asked)

    def _victim(self) -> CommandProcess:
        return self._rng.choice([worker for worker in self._stage.workers if worker.alive])

    def _last(self) -> None:
        lasting(self._rng.uniform(*LENGTH_S))

    def _kill(self) -> None:
        victim = self._victim()
        self._asked.add(victim.name)
        victim.signal(signal.SIGKILL)
        assert victim.ended() == -signal.SIGKILL

    def _terminate(self) -> None:
        victim = self._victim()
        self._asked.add(victim.name)
        victim.signal(signal.SIGTERM)
        assert victim.ended() == 0

    def _freeze(self) -> None:
        victim = self._victim()
        victim.freeze()
        try:
            self._last()
        finally:
            victim.signal(signal.SIGCONT)

    def _cut(self) -> None:
        before = self._proxy.counts.cut
        self._proxy.refuse()
        self._last()
        self._proxy.heal()
        assert self._proxy.counts.cut > before

    def _black_hole(self) -> None:
        before = self._proxy.counts.swallowed_bytes
        self._proxy.black_hole()
        self._last()
        self._proxy.heal()
        assert self._proxy.counts.swallowed_bytes > before

    def _delay(self) -> None:
        before = self._proxy.counts.delayed
        self._proxy.delay(0.3)
        self._last()
        self._proxy.heal()
        assert self._proxy.counts.delayed > before

    def _freeze_broker(self) -> None:
        with self._broker.frozen():
            self._last()
            assert self._broker.state == "T"


def soak(seconds: float, seed: int, folder: Path) -> Report:
    """Run for *seconds*, drain, and count."""
    with behind_proxy(folder) as (broker, proxy):
        stage = Rig(
            "soak",
            reached([broker]),
            folder,
            small_images(),
            rate=RATE,
            commit_interval_s=COMMIT_INTERVAL_S,
        )
        try:
            chaos = Soak(stage, broker, proxy, random.Random(seed))
            started_at = time.time()
            stage.broken()
            try:
                chaos.run(seconds)
            except KeyboardInterrupt:
                print("interrupted: draining", flush=True)
            proxy.heal()
            chaos.supervise()
            stage.healed()
            report = counted(stage, chaos, seed, time.time() - started_at)
            if not report.passed:
                print(stage.logs())
            return report
        finally:
            stage.close()


def counted(stage: Rig, chaos: Soak, seed: int, seconds: float) -> Report:
    """Stop the load, wait for the drain, and hold Kafka against the promises."""
    assert stage.load
    stage.load.stop()
    verdict = judged(
        "soak",
        stage.kafka,
        stage.topics,
        stage.watch,
        stage.load.appended_at,
        Window(stage.broken_at, stage.healed_at),
        in_flight=0,
        fired=str(dict(chaos.faults)),
        drain_s=120,
    )
    return Report(
        seed=seed,
        seconds=round(seconds, 1),
        published=verdict.records,
        lost=verdict.lost,
        duplicates=verdict.duplicates,
        duplicates_share=round(verdict.duplicates / max(1, verdict.records), 6),
        faults=dict(chaos.faults),
        max_recovery_s=round(chaos.max_recovery_s, 1),
        committed_too_far=len(verdict.committed_too_far),
        ended_unasked=chaos.ended_unasked,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Random faults over a steady load; see the module.")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument(
        "--seed", type=int, default=int(time.time()), help="printed, so that it can be repeated"
    )
    parser.add_argument("--report", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    interrupt_on_sigterm()
    print(f"seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        report = soak(arguments.seconds, arguments.seed, Path(folder))
    text = json.dumps(asdict(report), indent=2)
    print(text)
    if arguments.report:
        arguments.report.write_text(text + "\n")
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
