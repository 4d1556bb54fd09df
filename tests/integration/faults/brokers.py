"""
Brokers that can be killed, frozen and started again at the same address with the same records.

`EmbeddedKafka` is one node with one listener that lives for a `with` block. Here a node may be one of
three, and has further listeners: one whose advertised port is a proxy's, one with passwords, one with TLS.

Source: Kafka's broker configuration reference; KIP-103 (separate listeners).
"""

import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from autoscaler.leash import leashed
from detectscale.embedded.jvm import java_command, start_archive
from detectscale.embedded.kafka_jars import default_cache_dir
from detectscale.embedded.kafka_server import SETTINGS, answers
from detectscale.embedded.ports import HOST, free_port
from frames.clients import KafkaSettings
from tests.integration.faults.proxy import Proxy
from tests.waiting import until

HEAP = "-Xmx256m"
START_S = 60.0


@dataclass(frozen=True)
class Listener:
    """One more way into a broker."""

    name: str
    port: int
    advertised: int
    """The port clients are sent to: that of a proxy, or `port`."""
    protocol: str = "PLAINTEXT"


class Broker:
    """One node; `start` and `stop` as often as you like."""

    def __init__(
        self,
        folder: Path,
        cluster_id: str,
        node: int,
        voters: Mapping[int, int],
        listeners: Sequence[Listener],
        settings: Mapping[str, str],
    ) -> None:
        self.node = node
        self._home = folder
        self._log = folder / "kafka.log"
        self._cluster_id = cluster_id
        self._direct = Listener("DIRECT", port := free_port(), port)
        self._properties = _properties(node, voters, [self._direct, *listeners], settings)
        self._exits = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._java: list[str] = []

    @property
    def address(self) -> str:
        return f"{HOST}:{self._direct.port}"

    def format(self) -> subprocess.Popen[bytes]:
        """Give the data directory its cluster id; wait for the process returned."""
        self._home.mkdir(parents=True)
        (self._home / "server.properties").write_text(
            "".join(f"{key}={value}\n" for key, value in self._properties.items())
        )
        java = java_command(default_cache_dir())
        self._java = [*java, HEAP, self._exits.enter_context(start_archive(default_cache_dir()))]
        tool = ["kafka.tools.StorageTool", "format", "--cluster-id", self._cluster_id]
        return self._spawn([*java, HEAP, *tool, "--config", "server.properties"])

    def start(self) -> None:
        """Start and return at once: three nodes answer only when two of them run."""
        self._process = self._spawn([*self._java, "kafka.Kafka", "server.properties"])

    def ready(self) -> None:
        """Wait until it answers."""
        until(lambda: self.ended or answers(self._direct.port, self._cluster_id), START_S, 0.05)
        assert not self.ended, self._log.read_text(errors="replace")[-4000:]

    def stop(self) -> None:
        """SIGTERM, and wait for its end."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL, as when the machine dies."""
        assert self._process
        self._process.kill()
        self._process.wait()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """SIGSTOP for the length of the block: connections stay open, nobody answers."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    @property
    def ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    @property
    def state(self) -> str:
        """The kernel's letter for it: `T` while it is frozen (proc(5))."""
        assert self._process
        return state_of(self._process.pid)

    def close(self) -> None:
        if not self.ended:
            self.stop()
        self._exits.close()

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as output:
            return subprocess.Popen(
                leashed(command), cwd=self._home, stdout=output, stderr=output, start_new_session=True
            )


def state_of(process: int) -> str:
    """The kernel's letter for *process*: R, S, D, T (stopped), Z."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


def _properties(
    node: int, voters: Mapping[int, int], listeners: Sequence[Listener], settings: Mapping[str, str]
) -> dict[str, str]:
    protocols = {listener.name: listener.protocol for listener in listeners} | {"CONTROLLER": "PLAINTEXT"}
    ports = {listener.name: listener.port for listener in listeners} | {"CONTROLLER": voters[node]}
    return {
        **SETTINGS,
        "node.id": str(node),
        "listeners": ",".join(f"{name}://{HOST}:{port}" for name, port in ports.items()),
        "advertised.listeners": ",".join(f"{one.name}://{HOST}:{one.advertised}" for one in listeners),
        "listener.security.protocol.map": ",".join(f"{name}:{is_}" for name, is_ in protocols.items()),
        "inter.broker.listener.name": listeners[0].name,
        "controller.quorum.voters": ",".join(f"{voter}@{HOST}:{port}" for voter, port in voters.items()),
        **settings,
    }


@contextmanager
def cluster(
    folder: Path,
    nodes: int = 1,
    listeners: Sequence[Listener] = (),
    settings: Mapping[str, str] | None = None,
) -> Iterator[list[Broker]]:
    """Run *nodes* brokers for the length of the block; with three, records have three replicas."""
    cluster_id = uuid4().hex[:22]
    voters = {node: free_port() for node in range(1, nodes + 1)}
    replicas = {key: str(nodes) for key in SETTINGS if key.endswith("replication.factor")}
    replicas |= {"min.insync.replicas": str(nodes // 2 + 1), "default.replication.factor": str(nodes)}
    brokers = [
        Broker(folder / f"node-{node}", cluster_id, node, voters, listeners, replicas | dict(settings or {}))
        for node in voters
    ]
    try:
        for formatting in [broker.format() for broker in brokers]:
            assert formatting.wait(START_S) == 0
        for broker in brokers:
            broker.start()
        for broker in brokers:
            broker.ready()
        yield brokers
    finally:
        for broker in brokers:
            if not broker.ended:
                broker.kill()  # its records are of no use to anybody
            broker.close()


@contextmanager
def behind_proxy(folder: Path) -> Iterator[tuple[Broker, Proxy]]:
    """Run one broker for the length of the block, and a way to it that can be cut."""
    port = free_port()
    with (
        Proxy(port) as proxy,
        cluster(folder, listeners=[Listener("PROXIED", port, advertised=proxy.port)]) as [broker],
    ):
        yield broker, proxy


def reached(brokers: Sequence[Broker]) -> KafkaSettings:
    """Settings of a client that knows all *brokers*."""
    return KafkaSettings(bootstrap_servers=",".join(broker.address for broker in brokers))
