"""
Apache Kafka on this machine: one node that is broker and controller (KRaft combined mode).

Source: Kafka's broker configuration reference.
"""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self
from uuid import uuid4

from detectscale.embedded import EmbeddedError
from detectscale.embedded.child import last_line, running
from detectscale.embedded.jvm import java_command, start_archive
from detectscale.embedded.kafka_jars import default_cache_dir
from detectscale.embedded.ports import HOST, free_port, on_free_port
from detectscale.embedded.state_directory import claimed

SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "log.dirs": "data",  # relative to the home directory, whose name may hold what a properties file may not
    # One node holds the only replica of everything.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    # A misspelt topic is an error; frames of 10 MiB fit with their headers.
    "auto.create.topics.enable": "false",
    "message.max.bytes": str(11 * 2**20),
    # The first worker gets its partitions at once; a test may ask for a short session.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "100",
    # After a crash the controller waits this long for the broker that is gone (the default is 9 s).
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
    # Whatever a topic does not say itself: a day, and never more than 1 GiB a partition.
    "log.retention.hours": "24",
    "log.retention.bytes": str(2**30),
    "log.segment.bytes": str(64 * 2**20),
    # The default of 128 MiB is allocated at start; 8 MiB tell 300 000 keys apart.
    "log.cleaner.dedupe.buffer.size": str(8 * 2**20),
}


class EmbeddedKafka:
    """
    A broker that runs for the length of a `with` block; its records stay in *state_dir* for the next run.

    Args:
        state_dir: Belongs to one run at a time. Logs go to `logs/kafka.log` in it.
        cache_dir: Shared by all runs: jars (43 MB, downloaded at the first run) and start-up archive (65 MB);
            `None` is `detectscale` in the user's cache directory.
        port: Where to listen on 127.0.0.1; `None` takes a free port.

    Entering raises `EmbeddedError` when the broker cannot run here.
    """

    bootstrap_servers: str
    """Where it listens, `host:port`; set on entering."""

    def __init__(self, state_dir: Path, cache_dir: Path | None = None, port: int | None = None) -> None:
        self._home = state_dir.absolute() / "kafka"
        self._log = state_dir.absolute() / "logs" / "kafka.log"
        self._cache_dir = (cache_dir or default_cache_dir()).absolute()
        self._port = port
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as exits:
            exits.enter_context(claimed(self._home, self._log.parent))
            java = java_command(self._cache_dir)
            self._format(java)
            archive_flag = exits.enter_context(start_archive(self._cache_dir))
            serve = [*java, archive_flag, "kafka.Kafka", "server.properties"]
            port = on_free_port(lambda port: exits.enter_context(self._serving(serve, port)), self._port)
            self.bootstrap_servers = f"{HOST}:{port}"
            self._exits = exits.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._exits.close()

    def _format(self, java: list[str]) -> None:
        """Give a new data directory its cluster id; `meta.properties` is what the tool writes last."""
        if (self._home / "data" / "meta.properties").exists():
            return
        self._write_properties(free_port(), free_port())
        tool = [*java, "kafka.tools.StorageTool", "format", "--ignore-formatted"]
        arguments = ["--cluster-id", uuid4().hex[:22], "--config", "server.properties"]
        with self._log.open("wb") as output:
            done = subprocess.run(  # noqa: S603  # our own command
                [*tool, *arguments], cwd=self._home, stdout=output, stderr=output
            )
        if done.returncode != 0:
            raise EmbeddedError(
                f"kafka: cannot format {self._home}: {last_line(self._log)} (see {self._log})"
            )

    @contextmanager
    def _serving(self, command: list[str], port: int) -> Iterator[int]:
        self._write_properties(port, free_port())
        with running(command, self._home, self._log, answers=lambda: answers(port, self._cluster_id())):
            yield port

    def _write_properties(self, port: int, controller_port: int) -> None:
        broker, controller = f"PLAINTEXT://{HOST}:{port}", f"CONTROLLER://{HOST}:{controller_port}"
        addresses = {
            "listeners": f"{broker},{controller}",
            "advertised.listeners": broker,
            "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        }
        lines = (f"{key}={value}\n" for key, value in (SETTINGS | addresses).items())
        (self._home / "server.properties").write_text("".join(lines))

    def _cluster_id(self) -> str:
        lines = (self._home / "data" / "meta.properties").read_text().splitlines()
        return next(line.removeprefix("cluster.id=") for line in lines if line.startswith("cluster.id="))


def answers(port: int, cluster_id: str) -> bool:
    """Ask once whether the broker of *cluster_id*, and no other that took its port, serves on *port*."""
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    try:
        socket.create_connection((HOST, port), timeout=1).close()  # the client would log each refusal
        with KafkaAdminClient(bootstrap_servers=f"{HOST}:{port}", bootstrap_timeout_ms=2000) as admin:
            found: str = admin.describe_cluster()["cluster_id"]
    except (OSError, KafkaError):
        return False
    return found == cluster_id
