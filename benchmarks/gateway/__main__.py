"""
How soon the gateway accepts frames, and whether each 202 is kept.

    python -m benchmarks.gateway --report gateway.json

`detectscale gateway` as it is, before a real Kafka and a real Redis that are started for it; the load
client and the broker share the machine. Afterwards the topic is read, and every accepted id looked for.
"""

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated
from urllib.request import urlopen

import numpy as np
import typer

from benchmarks.command import run
from benchmarks.gateway.load import Load, put_load
from benchmarks.machine import describe_machine
from benchmarks.usage import cpu_s, peak_mib
from detectscale.embedded.kafka_server import EmbeddedKafka
from detectscale.embedded.ports import free_port
from detectscale.embedded.redis_server import EmbeddedRedis
from detectscale.places import reached
from detectscale.settings import Settings, overrides
from frames.clients import KafkaSettings, reader
from frames.records import partitions_of, read_until
from frames.store import StoreCamera
from frames.topics import create_topics

COMMAND = [sys.executable, "-m", "detectscale", "gateway", "--port"]
START_S = 60.0
WARM_UP_S = 2.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What came out."""

    rate_per_s: float
    bytes_each: int
    answers: dict[str, int]
    """By status."""
    p50_ms: float
    p99_ms: float
    max_ms: float
    lost: int
    """Frames that were answered 202 and are not in Kafka: to be 0."""
    records: int
    rss_mib: float
    """Of the gateway, at its highest."""
    cpu_share: float
    """CPU seconds of the gateway per second."""

    def __str__(self) -> str:
        return (
            f"{self.rate_per_s:g} posts/s of {self.bytes_each} bytes, answers {self.answers}: accepted in "
            f"p50 {self.p50_ms:.1f} ms, p99 {self.p99_ms:.1f} ms, longest {self.max_ms:.1f} ms\n"
            f"{self.records} records, {self.lost} of those accepted are missing; "
            f"gateway {self.rss_mib:.0f} MiB, {self.cpu_share:.0%} of a core"
        )


def main(
    rate: Annotated[float, typer.Option(min=1, help="Posts per second.")] = 500.0,
    seconds: Annotated[float, typer.Option(min=1, help="For how long.")] = 60.0,
    size: Annotated[int, typer.Option(min=1, help="Bytes of each image, about.")] = 60_000,
    report: Annotated[Path | None, typer.Option(help="Write the figures as JSON.")] = None,
) -> None:
    """Print latencies, what was lost (nothing), and what the gateway needed."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # reports every reconnect
    machine = describe_machine()
    print(f"{rate:g} posts/s for {seconds:g} s; {machine}", flush=True)
    with TemporaryDirectory() as folder:
        state = Path(folder)
        with EmbeddedKafka(state / "kafka") as kafka, EmbeddedRedis(state / "redis") as redis:
            settings = reached(Settings(), kafka.bootstrap_servers, redis.url)
            create_topics(settings.kafka, settings.topics)
            figures = measure(settings, state, rate, seconds, picture(size))
    print(figures)
    if report is not None:
        report.write_text(json.dumps({"machine": machine, **asdict(figures)}, indent=2) + "\n")


def measure(settings: Settings, state: Path, rate: float, seconds: float, image: bytes) -> Figures:
    """Start a gateway, put the load on it, and look for what it accepted."""
    port = free_port()
    with gateway(settings, state, port) as process:
        warm = asyncio.run(put_load("127.0.0.1", port, image, rate / 2, WARM_UP_S))
        used_s, began_at = cpu_s(process.pid), time.monotonic()
        load = asyncio.run(put_load("127.0.0.1", port, image, rate, seconds))
        cpu_share = (cpu_s(process.pid) - used_s) / (time.monotonic() - began_at)
        rss_mib = peak_mib(process.pid)
    kept = ids(settings.kafka, settings.topics.frames)
    return _figures(load, warm, kept, rate, len(image), rss_mib, cpu_share)


def picture(size: int) -> bytes:
    """A JPEG of about so many bytes: a real one, and a comment segment before its end (T.81, B.2.4.5)."""
    image = StoreCamera(9005).jpeg(3.0)[0]
    padding = b""
    while len(image) + len(padding) < size:
        length = min(65_000, size - len(image) - len(padding))
        padding += b"\xff\xfe" + (length + 2).to_bytes(2, "big") + bytes(length)
    return image[:2] + padding + image[2:]


def ids(kafka: KafkaSettings, topic: str) -> list[str]:
    """Those of all frames in the topic."""
    consumer = reader(kafka)
    try:
        partitions = partitions_of(consumer, [topic])
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        consumer.seek_to_beginning(*partitions)
        return [dict(record.headers)["ce_id"].decode() for record in read_until(consumer, ends)]
    finally:
        consumer.close()


def _figures(
    load: Load, warm: Load, kept: list[str], rate: float, size: int, rss_mib: float, cpu_share: float
) -> Figures:
    p50, p99, longest = np.percentile(load.latencies_s, [50, 99, 100]) * 1000
    lost = len((load.accepted | warm.accepted) - set(kept))
    answers = dict(load.statuses)
    return Figures(
        rate, size, answers, float(p50), float(p99), float(longest), lost, len(kept), rss_mib, cpu_share
    )


@contextmanager
def gateway(settings: Settings, state: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """`detectscale gateway`, ready, for the length of the block."""
    with (state / "gateway.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            [*COMMAND, str(port)], env=os.environ | overrides(settings), stdout=log, stderr=log
        )
    try:
        deadline = time.monotonic() + START_S
        while not _ready(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((state / "gateway.log").read_text())
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    run(main)
