"""
What sensing costs, on a real Kafka that is started for it; about four minutes.

    python -m benchmarks.sensing --report sensing.json

The broker shares the machine: wall times hold its work too, CPU times are the client's alone.
"""

import json
import logging
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from benchmarks.command import run
from benchmarks.machine import describe_machine
from benchmarks.sensing.idle import idle_cost
from benchmarks.sensing.lag import PARTITIONS, read_lag
from benchmarks.sensing.wake import wake_latency
from detectscale.embedded.kafka_server import EmbeddedKafka
from frames.clients import KafkaSettings


def main(
    reads: Annotated[int, typer.Option(min=1, help="Readings of each lag.")] = 50,
    wakes: Annotated[int, typer.Option(min=1, help="Times the idle autoscaler is woken.")] = 200,
    idle_s: Annotated[float, typer.Option(min=1, help="How long it is watched idle.")] = 60.0,
    report: Annotated[Path | None, typer.Option(help="Write the figures as JSON.")] = None,
) -> None:
    """Print the time to wake up, the cost of being idle, and the cost of reading lag."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # reports every reconnect
    machine = describe_machine()
    print(f"{wakes} wakes, {idle_s:g} s idle, lag {reads} times for each size; {machine}", flush=True)
    with TemporaryDirectory() as state, EmbeddedKafka(Path(state)) as server:
        kafka = KafkaSettings(bootstrap_servers=server.bootstrap_servers)
        wake = wake_latency(kafka, wakes)
        print(wake, flush=True)
        idle = idle_cost(kafka, idle_s)
        print(idle, flush=True)
        lags = []
        for partitions in PARTITIONS:  # last, as thousands of them keep the broker busy
            lags.append(read_lag(kafka, partitions, reads))
            print(lags[-1], flush=True)
    if report is not None:
        figures = {
            "machine": machine,
            "wake": asdict(wake),
            "idle": asdict(idle),
            "lag": [asdict(lag) for lag in lags],
        }
        report.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    run(main)
