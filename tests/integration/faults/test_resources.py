"""Memory, disks and model stores that run out or hang: numbers 8, 11 and 12 of the table of faults."""

import resource
import subprocess

import cv2
import numpy as np
import pytest

from frames.ledger import read_ledger
from tests.integration.faults.load import CAMERAS
from tests.integration.faults.models import copied
from tests.integration.faults.proxy import Proxy
from tests.integration.faults.rig import lasting
from tests.waiting import until

pytestmark = pytest.mark.timeout(180)


def test_a_worker_that_gets_no_memory_blames_no_frame_and_is_replaced(rig):
    stage = rig("8 no memory left for one worker")
    starved, _ = stage.steady()
    large = cv2.imencode(".png", np.zeros((4000, 6000, 3), np.uint8))[1].tobytes()  # 72 MB once decoded

    stage.broken()
    limit = starved.virtual_bytes + 16 * 2**20
    resource.prlimit(starved.pid, resource.RLIMIT_AS, (limit, limit))
    for n in range(CAMERAS // 2):  # every partition, with little work for whoever takes over
        stage.publish(f"camera-{n}", large)
    status = until(lambda: starved.status, 60)
    stage.healed()

    stage.verdict(fired=f"exit {status} at {limit >> 20} MiB", in_flight=stage.in_flight(), progress=True)
    assert read_ledger(stage.kafka, stage.topics).dead_lettered == 0, "the frames were good"


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MB: no model fits."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mounting, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small disk")
    yield folder
    unmounting = ["umount", str(folder)]
    subprocess.run(unmounting, check=True)


def test_a_full_disk_for_compiled_models_stops_no_worker(rig, small_disk):
    stage = rig("12 no space for compiled models")
    stage.steady(workers=1)

    stage.broken()
    [worker] = stage.steady(workers=1, environment={"XDG_CACHE_HOME": str(small_disk)})
    stage.healed()

    written = sum(file.stat().st_size for file in small_disk.rglob("*") if file.is_file())
    stage.verdict(fired=f"{written} bytes fitted" if written < 2**20 else "", in_flight=0, progress=True)
    assert worker.alive


def upload(bucket: str, folder) -> str:
    """The bundled model in a bucket; its URL."""
    import boto3

    model = copied(folder, "other.onnx")
    client = boto3.client("s3")
    name, _, prefix = bucket.removeprefix("s3://").partition("/")
    for file in (model, model.with_suffix(".yaml")):
        client.upload_file(str(file), name, f"{prefix}/{file.name}")
    client.close()
    return f"{bucket}/other.onnx"


def test_a_full_disk_for_fetched_models_is_told_leaves_no_half_file_and_is_waited_for(
    rig, small_disk, s3_bucket, tmp_path
):
    stage = rig("12 no space for a fetched model")
    stage.steady(workers=1)
    model = upload(s3_bucket, tmp_path)

    stage.broken()
    trusted = {"path": model, "trust": True}
    worker = stage.start_worker(model=trusted, environment={"XDG_CACHE_HOME": str(small_disk)})
    until(lambda: "No space left" in worker.said, 60)
    assert not [file for file in small_disk.rglob("*.onnx") if file.is_file()]
    assert stage.members() == 1
    growing = ["mount", "-o", "remount,size=64m", str(small_disk)]
    subprocess.run(growing, check=True)
    stage.healed()
    until(lambda: stage.members() == 2, 60)

    stage.verdict(fired="No space left on device", in_flight=0, progress=True)


def test_a_model_store_that_hangs_keeps_the_worker_out_of_the_group_until_it_is_back(
    rig, s3_endpoint, s3_bucket, tmp_path
):
    stage = rig("11 model store hangs")
    stage.steady(workers=1)
    model = upload(s3_bucket, tmp_path)

    with Proxy(int(s3_endpoint.rpartition(":")[2])) as store:
        stage.broken()
        store.black_hole()
        waiting = stage.start_worker(
            model={"path": model, "trust": True},
            environment={
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{store.port}",
                "XDG_CACHE_HOME": str(tmp_path / "cache"),
            },
        )
        until(lambda: store.counts.swallowed_bytes, 30)
        lasting(5)
        joined = stage.members() - 1
        store.heal()
        until(lambda: stage.members() == 2, 40)
        stage.healed()

    stage.verdict(fired=f"{store.counts.swallowed_bytes} bytes vanished", in_flight=0, progress=True)
    assert joined == 0
    assert waiting.alive
