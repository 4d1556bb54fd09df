"""The real broker. The first of these tests on a machine downloads it (43 MB)."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

from detectscale.embedded import EmbeddedError
from detectscale.embedded.kafka_server import EmbeddedKafka

RUN = """
import sys, time
from pathlib import Path
from detectscale.embedded.kafka_server import EmbeddedKafka
with EmbeddedKafka(Path(sys.argv[1])) as kafka:
    print(kafka.bootstrap_servers, flush=True)
    while True:
        time.sleep(60)
"""


def start_run(state: Path, **environment: str) -> subprocess.Popen[str]:
    """A run of its own that enters `EmbeddedKafka`, prints where it listens and stays."""
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(state)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def create(kafka: EmbeddedKafka, topic: str) -> None:
    with KafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers) as admin:
        admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])


def produce(kafka: EmbeddedKafka, topic: str, value: bytes) -> None:
    size = 11 * 2**20
    with KafkaProducer(bootstrap_servers=kafka.bootstrap_servers, max_request_size=size) as producer:
        producer.send(topic, value).get(timeout=30)


def first_value(kafka: EmbeddedKafka, topic: str) -> bytes:
    with KafkaConsumer(bootstrap_servers=kafka.bootstrap_servers, auto_offset_reset="earliest") as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        (records,) = consumer.poll(timeout_ms=30_000).values()
    return records[0].value


def test_a_frame_of_10_mib_goes_through_and_survives_a_restart(tmp_path):
    frame = os.urandom(10 * 2**20)
    with EmbeddedKafka(tmp_path) as kafka:
        create(kafka, "frames")
        produce(kafka, "frames", frame)
        assert first_value(kafka, "frames") == frame

    with EmbeddedKafka(tmp_path) as kafka:
        assert first_value(kafka, "frames") == frame


def test_a_broker_that_was_killed_keeps_what_it_acknowledged(tmp_path, servers_in):
    with EmbeddedKafka(tmp_path) as kafka:
        create(kafka, "frames")
        produce(kafka, "frames", b"frame")
        (broker,) = servers_in(tmp_path / "kafka")
        os.kill(broker, signal.SIGKILL)

    with EmbeddedKafka(tmp_path) as kafka:
        assert first_value(kafka, "frames") == b"frame"


def test_an_error_in_the_block_leaves_no_process(tmp_path, servers_in):
    with pytest.raises(ZeroDivisionError), EmbeddedKafka(tmp_path):
        _ = len(servers_in(tmp_path / "kafka")) / 0

    assert servers_in(tmp_path / "kafka") == []


def test_killing_the_parent_leaves_no_process(tmp_path, servers_in, wait_until):
    with start_run(tmp_path) as run:
        assert run.stdout is not None
        assert run.stdout.readline().startswith("127.0.0.1:")
        run.kill()

    wait_until(lambda: not servers_in(tmp_path / "kafka"))


def test_ctrl_c_during_the_start_leaves_no_process(tmp_path, servers_in, wait_until):
    with start_run(tmp_path) as run:
        wait_until(lambda: (tmp_path / "kafka/data/meta.properties").exists())
        wait_until(lambda: servers_in(tmp_path / "kafka"))
        run.send_signal(signal.SIGINT)
        output, errors = run.communicate(timeout=60)

    assert output == ""
    assert errors.splitlines()[-1] == "KeyboardInterrupt"
    wait_until(lambda: not servers_in(tmp_path / "kafka"))  # the kernel ends them after their parent


def test_it_listens_on_the_port_asked_for(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    with EmbeddedKafka(tmp_path, port=port) as kafka:
        assert kafka.bootstrap_servers == f"127.0.0.1:{port}"


def test_a_used_port_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        with (
            pytest.raises(EmbeddedError, match=f"port {port}: Address already in use: choose another"),
            EmbeddedKafka(tmp_path, port=port),
        ):
            pass


def test_two_runs_on_one_state_directory_do_not_start(tmp_path):
    with (
        EmbeddedKafka(tmp_path),
        pytest.raises(
            EmbeddedError, match=f"state directory {tmp_path}/kafka: in use by process {os.getpid()}"
        ),
        EmbeddedKafka(tmp_path),
    ):
        pass


def test_a_second_run_needs_no_network(tmp_path):
    with EmbeddedKafka(tmp_path):
        pass

    with start_run(tmp_path, HTTP_PROXY="http://127.0.0.1:9", HTTPS_PROXY="http://127.0.0.1:9") as run:
        assert run.stdout is not None
        assert run.stdout.readline().startswith("127.0.0.1:")
        run.kill()


def test_a_first_run_without_network_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    with (
        pytest.raises(
            EmbeddedError, match=r"kafka_2\.13.*: cannot be downloaded .* the first run needs the network"
        ),
        EmbeddedKafka(tmp_path, cache_dir=tmp_path / "cache"),
    ):
        pass
