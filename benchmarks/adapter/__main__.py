"""
One adapter for a thousand ScaledObjects: how soon it answers, and what it needs for that.

    python -m benchmarks.adapter --report adapter.json

`detectscale autoscaler` as it is, with mutual TLS, over a real Kafka that is started for it. The
load client shares the machine, and its own delays are part of the latencies.
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

import grpc
import numpy as np
import trustme
import typer

from autoscaler.adapter.settings import AdapterSettings
from benchmarks.adapter.load import Load, put_load
from benchmarks.command import run
from benchmarks.machine import describe_machine
from benchmarks.usage import cpu_s, peak_mib
from detectscale.embedded.kafka_server import EmbeddedKafka
from detectscale.embedded.ports import free_port
from detectscale.settings import Settings, overrides
from frames.clients import KafkaSettings, producer
from frames.topics import TopicSettings, create_topics

SETTLED_S = 5.0
"""After which the adapter has started."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What came out."""

    objects: int
    calls: int
    failures: dict[str, int]
    """By status."""
    p50_ms: float
    p99_ms: float
    max_ms: float
    first_push_ms: float
    last_push_ms: float
    """From the append of a frame to a target at zero, to the first and the last of the streams."""
    rss_mib: float
    """Of the adapter, at its highest."""
    cpu_share: float
    """CPU seconds of the adapter per second."""

    def __str__(self) -> str:
        return (
            f"{self.objects} ScaledObjects, {self.calls} calls, failed {self.failures or 0}: "
            f"p50 {self.p50_ms:.1f} ms, p99 {self.p99_ms:.1f} ms, longest {self.max_ms:.1f} ms\n"
            f"append → first push {self.first_push_ms:.0f} ms, last push {self.last_push_ms:.0f} ms; "
            f"adapter {self.rss_mib:.0f} MiB, {self.cpu_share:.1%} of a core"
        )


def main(
    objects: Annotated[int, typer.Option(min=1, help="ScaledObjects.")] = 1000,
    seconds: Annotated[float, typer.Option(min=1, help="How long they are polled.")] = 60.0,
    report: Annotated[Path | None, typer.Option(help="Write the figures as JSON.")] = None,
) -> None:
    """Print latencies, the time to push, and the adapter's memory."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # reports every reconnect
    machine = describe_machine()
    print(f"{objects} ScaledObjects, polled every 15 s for {seconds:g} s; {machine}", flush=True)
    with TemporaryDirectory() as state, EmbeddedKafka(Path(state)) as server:
        kafka = KafkaSettings(bootstrap_servers=server.bootstrap_servers)
        create_topics(kafka, TopicSettings())
        figures = measure(kafka, Path(state), objects, seconds)
    print(figures)
    if report is not None:
        report.write_text(json.dumps({"machine": machine, **asdict(figures)}, indent=2) + "\n")


def measure(kafka: KafkaSettings, state: Path, objects: int, seconds: float) -> Figures:
    """Start an adapter and put the load on it."""
    authority = trustme.CA()
    settings = Settings(kafka=kafka, adapter=_adapter(authority, state))
    client = authority.issue_cert("keda-operator")
    credentials = grpc.ssl_channel_credentials(
        authority.cert_pem.bytes(), client.private_key_pem.bytes(), client.cert_chain_pems[0].bytes()
    )
    sender = producer(kafka)
    frames = settings.topics.frames
    with _running(settings, state) as adapter:
        time.sleep(SETTLED_S)
        used_s, began_at = cpu_s(adapter.pid), time.monotonic()
        load = asyncio.run(
            put_load(
                f"localhost:{settings.adapter.grpc_port}",
                credentials,
                frames,
                objects,
                seconds,
                append=lambda: sender.send(frames, b"x").get(10),
            )
        )
        cpu_share = (cpu_s(adapter.pid) - used_s) / (time.monotonic() - began_at)
        rss_mib = peak_mib(adapter.pid)
    sender.close()
    return _figures(load, objects, rss_mib, cpu_share)


def _figures(load: Load, objects: int, rss_mib: float, cpu_share: float) -> Figures:
    p50, p99, longest = np.percentile(load.latencies_s, [50, 99, 100]) * 1000
    first, last = min(load.pushed_s) * 1000, max(load.pushed_s) * 1000
    calls = len(load.latencies_s)
    return Figures(
        objects,
        calls,
        dict(load.failures),
        float(p50),
        float(p99),
        float(longest),
        first,
        last,
        rss_mib,
        cpu_share,
    )


def _adapter(authority: trustme.CA, state: Path) -> AdapterSettings:
    """With mutual TLS, its files in *state*."""
    chain, key, ca = (state / name for name in ("tls.crt", "tls.key", "ca.crt"))
    certificate = authority.issue_cert("localhost")
    certificate.cert_chain_pems[0].write_to_path(chain)
    certificate.private_key_pem.write_to_path(key)
    authority.cert_pem.write_to_path(ca)
    return AdapterSettings(
        grpc_port=free_port(),
        http_port=None,
        tls_cert_file=str(chain),
        tls_key_file=str(key),
        tls_client_ca_file=str(ca),
    )


@contextmanager
def _running(settings: Settings, state: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "detectscale", "autoscaler"]
    with (state / "adapter.log").open("wb") as log:
        process = subprocess.Popen(command, env=os.environ | overrides(settings), stderr=log)  # noqa: S603
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    run(main)
