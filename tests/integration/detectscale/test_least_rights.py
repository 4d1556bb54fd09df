"""The ACLs of `components/kafka-strimzi`: enough for every part, and not one too many."""

import signal

import httpx
import pytest

from detectscale.dead_letters import purge_letters, redrive_letters
from detectscale.embedded.ports import HOST, free_port
from detectscale.publish import publish_files
from detectscale.settings import Settings
from frames.errors import UnavailableError
from frames.ledger import Ledger, read_ledger
from frames.letter import Filter
from frames.projection import RedisSettings
from frames.results import Results
from frames.store import StoreCamera
from frames.topics import create_topics
from tests.integration.detectscale.guarded_broker import guarded_broker, rights
from tests.integration.faults.command_process import CommandProcess
from tests.waiting import until

pytestmark = pytest.mark.timeout(240)

PARTS = ("publisher", "camera", "gateway", "worker", "autoscaler", "projector", "operator")
STRANGER = "stranger"


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    users = [*(f"detectscale-{part}" for part in PARTS), STRANGER]
    with guarded_broker(tmp_path_factory.mktemp("guarded"), users) as broker:
        yield broker


@pytest.fixture
def granted(broker):
    broker.grant(rights())


@pytest.fixture
def settings(broker):
    """As a part of detectscale has them: `settings("worker")`."""

    def of(part: str, **sections) -> Settings:
        return Settings(kafka=broker.as_user(f"detectscale-{part}"), **sections)

    return of


@pytest.fixture
def image(tmp_path):
    file = tmp_path / "door.jpg"
    file.write_bytes(StoreCamera(9003).jpeg(0.0)[0])
    return file


def test_a_topic_that_nobody_created_and_the_user_may_not_is_told_in_one_line(settings, image):
    with pytest.raises(UnavailableError) as told:
        publish_files(settings("publisher", topics={"frames": "nowhere"}), [image], "door", False)

    message = str(told.value)
    assert message.startswith(
        "topics: nowhere does not exist, or the user detectscale-publisher has no right"
    )
    assert "create it and give that right" in message
    assert "\n" not in message


@pytest.fixture
def start(settings, tmp_path):
    """Runs a command with the rights of a part; all that were started stop in order."""
    running = []

    def start(part: str, *command: str, **sections) -> CommandProcess:
        name = f"{part}-{len(running)}"
        environment = {"XDG_STATE_HOME": str(tmp_path)}
        running.append(CommandProcess(name, command, settings(part, **sections), tmp_path, environment))
        return running[-1]

    yield start
    for process in running:
        process.signal(signal.SIGTERM)
    assert {process.name: process.ended() for process in running} == {each.name: 0 for each in running}


def test_with_its_acls_each_part_does_its_work_and_uses_every_one(
    broker, granted, settings, start, image, redis_url, tmp_path
):
    everything = Settings(kafka=broker.freely)
    create_topics(everything.kafka, everything.topics)
    redis = RedisSettings(url=redis_url, key_prefix="least-rights:")
    broken, expired = tmp_path / "broken.jpg", settings("publisher", publisher={"expiry_s": 1e-3})
    broken.write_bytes(b"no image")

    def ledger() -> Ledger:
        return read_ledger(everything.kafka, everything.topics)

    def start_autoscaler() -> CommandProcess:
        return start("autoscaler", "autoscaler", adapter={"grpc_port": free_port(), "http_port": None})

    running = [start_autoscaler(), start("projector", "project", redis=redis), start("worker", "worker")]
    publish_files(settings("publisher"), [image], "door", False)
    publish_files(settings("publisher"), [broken], "door", True)
    publish_files(expired, [image], "door", False)
    start("camera", "camera", "store:7", "--name", "till", "--frames", "1")
    until(lambda: len(ledger().ends) == 4)
    until(lambda: Results(redis).latest("door"))
    running.append(start_autoscaler())  # which reads what the first has decided

    port = free_port()
    running.append(start("gateway", "gateway", redis=redis, gateway={"port": port}))
    with httpx.Client(base_url=f"http://{HOST}:{port}", timeout=60, trust_env=False) as client:
        until(lambda: answers(client))
        look_at_everything(client, image.read_bytes())
        put_back = client.post("/v1/dead-letters/redrive", json={}).raise_for_status()
    assert put_back.json()["redriven"] == 1
    until(lambda: ledger().dead_lettered == 2)  # as it is as broken as before
    redrive_letters(settings("operator"), Filter(), dry_run=False)
    until(lambda: ledger().dead_lettered == 3)
    purge_letters(settings("operator"), None, everything=True, yes=True)

    until(lambda: not rights() - broker.used() or not all(process.alive for process in running), 30)
    assert not rights() - broker.used()
    assert not [process.name for process in running if "uthorization" in process.said]


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def look_at_everything(client: httpx.Client, picture: bytes) -> None:
    """All that the gateway has for clients and its pages."""
    client.post("/v1/detect", content=picture, headers={"content-type": "image/jpeg"}).raise_for_status()
    client.get("/v1/fleet").raise_for_status()
    cameras = client.get("/v1/cameras").raise_for_status().json()["cameras"]
    [newest] = [camera["frame_id"] for camera in cameras if camera["id"] == "till"]
    client.get(f"/v1/cameras/till/frames/{newest}/image").raise_for_status()


def test_a_user_without_rights_is_told_although_the_topics_are_there(broker, image):
    everything = Settings(kafka=broker.freely)
    create_topics(everything.kafka, everything.topics)

    with pytest.raises(
        UnavailableError, match="or the user stranger has no right to it, and may not create it"
    ):
        publish_files(Settings(kafka=broker.as_user(STRANGER)), [image], "door", False)


def test_frames_of_a_user_who_may_only_read_are_refused_with_the_reason(broker, granted, settings, image):
    everything = Settings(kafka=broker.freely)
    create_topics(everything.kafka, everything.topics)

    with pytest.raises(UnavailableError, match=r"1 of 1 frames were not taken.*Authorization"):
        publish_files(settings("autoscaler"), [image], "door", False)
