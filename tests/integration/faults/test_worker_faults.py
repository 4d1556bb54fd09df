"""Workers that are killed, frozen, slow, wrong or told to leave: numbers 1 to 15 of the table of faults."""

import signal
import time
from contextlib import suppress
from urllib.request import urlopen

import pytest

from detectscale.embedded.ports import HOST, free_port
from frames.outcome import Dead, DeadReason, Detected
from frames.results import stored
from tests.integration.faults.models import copied, digest
from tests.integration.faults.rig import lasting
from tests.waiting import until
from workers.model import BUNDLED

pytestmark = pytest.mark.timeout(180)


@pytest.mark.parametrize(
    ("what", "failpoint"),
    [
        pytest.param("1 SIGKILL between detect and publish", "after-detect:kill:40", id="before-publish"),
        pytest.param("1 SIGKILL between publish and commit", "after-publish:kill:40", id="before-commit"),
    ],
)
def test_a_worker_killed_in_mid_batch_is_replaced(rig, what, failpoint):
    stage = rig(what)
    stage.steady(workers=1)
    victim = stage.start_worker(failpoint=failpoint)

    status = victim.ended()
    stage.broken()

    stage.verdict(fired="died of SIGKILL" if status == -9 else "", in_flight=stage.in_flight(), progress=True)


def test_a_worker_told_to_leave_under_load_leaves_no_duplicate(rig):
    stage = rig("2 SIGTERM in mid-batch")
    leaving, _ = stage.steady()

    stage.broken()
    leaving.signal(signal.SIGTERM)
    status = leaving.ended(within_s=stage.settings.worker.drain_s)
    stage.healed()

    stage.verdict(fired="drained and gone" in leaving.said and f"exit {status}", in_flight=0, progress=True)
    assert status == 0


def test_a_worker_that_cannot_finish_within_its_grace_abandons_what_it_began(rig):
    stage = rig("3 SIGTERM in a batch of 8 s with 2 s of grace", drain_s=2.0)
    stage.steady(workers=1)
    slow = stage.start_worker(failpoint="after-detect:slow=8:40;after-detect:slow=8:41")  # both threads
    held = until(lambda: [m for m in stage.statuses(slow.name) if m.in_flight > 20], 60)
    assert held

    stage.broken()
    slow.signal(signal.SIGTERM)
    slow.ended(within_s=6)
    stage.healed()

    fired = next((line for line in slow.said.splitlines() if "abandoned" in line), "")
    stage.verdict(fired=fired, in_flight=stage.in_flight(), progress=False)


def test_a_frozen_worker_is_replaced_and_drops_what_it_held(rig):
    stage = rig("4 SIGSTOP longer than the session, then SIGCONT")
    frozen, _ = stage.steady()

    stage.broken()
    frozen.freeze()
    stage.await_served(stage.broken_at, within_s=20)
    frozen.signal(signal.SIGCONT)
    stage.healed()

    stage.verdict(fired="SIGSTOP", in_flight=stage.in_flight(), progress=True)
    assert frozen.alive
    assert frozen.name in {o.worker for o in stored(stage.kafka, stage.topics) if o.at > stage.healed_at}


def retries(port):
    """What a worker's metrics say of batches that were tried again."""
    with suppress(OSError), urlopen(f"http://{HOST}:{port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("detectscale_retries_total"))
    return 0


def test_a_batch_on_which_the_detector_fails_is_tried_again(rig):
    stage = rig("5 the detector fails once, as when its memory is full")
    stage.steady(workers=1)
    port = free_port()

    stage.broken()
    worker = stage.start_worker(failpoint="detect:raise:20", worker={"http_port": port})
    retried = until(lambda: retries(port), 60)
    stage.healed()

    stage.verdict(fired=f"{retried:g} retries", in_flight=0, progress=True)
    assert worker.alive


def test_a_lost_device_ends_the_process_before_anything_is_committed(rig):
    stage = rig("6 device lost for good")
    stage.steady(workers=1)
    victim = stage.start_worker(failpoint="after-detect:lost:40")

    status = victim.ended()
    stage.broken()

    stage.verdict(
        fired=f"exit {status}" if status == 1 else "",
        in_flight=0,
        progress=True,
    )


def test_a_model_that_never_answers_ends_the_process(rig):
    stage = rig("7 the model hangs", watchdog_s=4.0)
    stage.steady(workers=1)
    victim = stage.start_worker(failpoint="after-detect:hang:40")

    status = victim.ended()
    stage.broken()

    stage.verdict(
        fired=f"watchdog, exit {status}" if status == 70 else "", in_flight=stage.in_flight(), progress=True
    )


def outcomes_of(stage, camera):
    found = stored(stage.kafka, stage.topics)
    return [o for o in found if isinstance(o, Dead) and o.original.key == camera.encode()]


def test_a_frame_that_kills_each_worker_dies_after_the_third(rig):
    stage = rig("9 one frame crashes the decoder's process", session_s=2.0, rate=6.0)
    crash = "before-decode:segv:camera=poison"
    stage.steady(failpoint=crash)

    stage.broken()
    record = stage.publish("poison")

    def supervised():
        """Whoever died is started again, as Kubernetes would."""
        if sum(worker.alive for worker in stage.workers) < 2:
            stage.start_worker(failpoint=crash)
        return outcomes_of(stage, "poison")

    [dead] = until(supervised, 90)
    stage.healed()

    crashes = [worker.status for worker in stage.workers if not worker.alive]
    assert (dead.record, dead.reason) == (record, DeadReason.CRASHED_WORKER)
    assert crashes == [-11] * 3
    stage.verdict(fired=f"exits {crashes}", in_flight=stage.in_flight(3), progress=True)


def test_a_truncated_model_is_never_served_and_the_old_one_goes_on(rig, tmp_path):
    stage = rig("10 the new version's model file is cut off")
    stage.steady(workers=1)
    model = copied(tmp_path)
    model.write_bytes(model.read_bytes()[:100_000])

    stage.broken()
    broken = stage.start_worker(model={"path": str(model)})
    status = broken.ended()
    stage.healed()

    assert stage.members() == 1
    stage.verdict(fired=status == 2 and broken.said.strip().splitlines()[-1], in_flight=0, progress=True)


def test_two_versions_of_a_model_side_by_side_label_their_own_results(rig, tmp_path):
    stage = rig("13 rolling update to another model")
    [old] = stage.steady(workers=1)
    other = copied(tmp_path)
    other.write_bytes(other.read_bytes() + b"\x32\x05other")  # `doc_string`, field 6 of ONNX's ModelProto

    stage.broken()
    [new] = stage.steady(workers=1, model={"path": str(other), "sha256": digest(other)})
    lasting(1)
    old.signal(signal.SIGTERM)
    assert old.ended() == 0
    stage.healed()

    stage.verdict(fired=f"{old.name} -> {new.name}", in_flight=0, progress=True)
    results = [o for o in stored(stage.kafka, stage.topics) if isinstance(o, Detected)]
    labels = {(o.worker, o.model_digest) for o in results}
    assert labels == {(old.name, digest(BUNDLED)), (new.name, digest(other))}


def test_a_model_slower_than_the_session_keeps_its_place_in_the_group(rig):
    stage = rig("14 batches slower than the session timeout", session_s=2.0, rate=4.0, inbox_bytes=64 * 1024)
    stage.steady(workers=1)
    slow = stage.start_worker(failpoint="before-decode:slow=3:camera=camera-3")

    stage.broken()
    until(lambda: any(m.in_flight for m in stage.statuses(slow.name)), 30)
    lasting(12)
    still = stage.members()
    stage.healed()

    stage.verdict(
        fired="3 s for each frame of camera-3", in_flight=0, progress=True, recovery_within_s=20, drain_s=90
    )
    assert still == 2
    assert "expelled" not in slow.said


def test_a_warm_up_that_fails_joins_nothing(rig):
    stage = rig("15 the model cannot be loaded")
    stage.steady(workers=1)

    stage.broken()
    broken = stage.start_worker(failpoint="before-load:raise")
    status = broken.ended()
    stage.healed()

    assert stage.members() == 1
    stage.verdict(fired=f"exit {status}" if status else "", in_flight=0, progress=True)


def test_a_model_that_loads_slowly_keeps_the_worker_out_of_the_group(rig):
    stage = rig("11 the model takes 6 s to load")
    stage.steady(workers=1)

    stage.broken()
    slow = stage.start_worker(failpoint="before-load:slow=6")
    started = time.monotonic()
    until(lambda: stage.members() == 2, 30)
    took_s = time.monotonic() - started
    stage.healed()

    stage.verdict(fired=f"joined after {took_s:.1f} s" if took_s > 6 else "", in_flight=0, progress=True)
    assert slow.alive
