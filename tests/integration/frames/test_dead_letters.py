"""Dead letters on the real broker: looked through, put back exactly once whatever happens, deleted."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing

import pytest

from detectscale.places import reached
from detectscale.settings import Settings, overrides
from frames.clients import reader
from frames.dead_letters import list_letters
from frames.errors import UnavailableError
from frames.event import Frame, Message, encode_frame
from frames.ledger import read_ledger
from frames.letter import MARK, ORIGIN, Filter
from frames.outcome import Dead, DeadReason, Detected, RecordId
from frames.projector import Projector
from frames.purge import purge, records_before
from frames.records import partitions_of, read_until
from frames.redrive import redrive
from frames.results import stored
from frames.store import StoreCamera
from tests.child import child
from tests.integration.frames.outcomes import dead
from tests.integration.frames.waiting import running
from tests.waiting import until

LONG_AGO = 1_000_000
"""Offsets of the frames that died: retention has taken them, and no frame of a test comes so far."""


def any_letter(letter):
    return True


def letters_of(topics, count, images=(b"image",)):
    """Letters of valid frames of eight cameras, dead by a limit that was set wrong."""
    return [
        Dead(
            RecordId(topics.frames, 0, LONG_AGO + n),
            encode_frame(
                Frame(
                    f"f{n}",
                    f"camera-{n % 8}",
                    f"/cameras/{n % 8}",
                    1e9 + n,
                    "image/jpeg",
                    images[n % len(images)],
                )
            ),
            DeadReason.IMAGE_TOO_LARGE,
            "header",
            "640 x 480 pixels; 1000 are allowed",
            1,
            1e9,
            1e9,
            "w",
        )
        for n in range(count)
    ]


def records_in(kafka, topic, **options):
    with closing(reader(kafka, **options)) as consumer:
        partitions = partitions_of(consumer, [topic])
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        return list(read_until(consumer, consumer.end_offsets(partitions)))


def ids_in(kafka, topics):
    """How often each frame stands in `frames`."""
    return Counter(dict(record.headers)["ce_id"].decode() for record in records_in(kafka, topics.frames))


def once(count):
    return Counter(f"f{n}" for n in range(count))


@pytest.fixture
def dlq(kafka, topics, tmp_path):
    """Runs `detectscale dlq ARGS` to its end, as a script would."""
    settings = reached(Settings(topics=topics), kafka.bootstrap_servers, None)

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "detectscale", "dlq", *map(str, arguments)],
            env=os.environ | overrides(settings) | {"XDG_STATE_HOME": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


def test_a_thousand_letters_go_back_once_however_often_they_are_put_back(kafka, topics, write, dlq):
    letters = letters_of(topics, 1000)
    write(letters)

    first = dlq("redrive")
    second = dlq("redrive")

    assert (first.stdout, first.stderr, first.returncode) == ("1000 put back\n", "", 0)
    assert (second.stdout, second.returncode) == ("0 put back, 1000 were put back before\n", 0)
    assert ids_in(kafka, topics) == once(1000)
    assert all(letter.redriven for letter in list_letters(kafka, topics))


def test_a_frame_goes_back_as_it_came_and_says_where_from(kafka, topics, write):
    [letter] = letters_of(topics, 1)
    write([letter])

    redrive(kafka, topics, any_letter)

    [record] = records_in(kafka, topics.frames)
    [listed] = list_letters(kafka, topics)
    assert (record.key, record.value) == (letter.original.key, letter.original.value)
    assert record.headers == [*letter.original.headers, (ORIGIN, str(listed.place).encode())]


KILLED = """
import sys
from frames.clients import KafkaSettings
from frames.redrive import redrive
from frames.topics import TopicSettings

def stay(sent, of):
    if sent == 350:
        print("in the middle", flush=True)
        sys.stdin.read()

redrive(
    KafkaSettings.model_validate_json(sys.argv[1]), TopicSettings.model_validate_json(sys.argv[2]),
    lambda letter: True, stay,
)
"""


def test_a_redrive_that_is_killed_in_the_middle_is_finished_by_the_next(kafka, topics, write):
    write(letters_of(topics, 1000))
    command = [sys.executable, "-c", KILLED, kafka.model_dump_json(), topics.model_dump_json()]

    with child(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as killed:
        assert killed.stdout.readline() == b"in the middle\n"
        open_too = {"isolation_level": "read_uncommitted"}
        until(lambda: len(records_in(kafka, topics.frames, **open_too)) > 330)
        killed.send_signal(signal.SIGKILL)
    between = ids_in(kafka, topics)
    done = redrive(kafka, topics, any_letter)

    assert between.total() == 300  # what was open at the kill was seen by nobody
    assert (len(done.put_back), done.already) == (700, 300)
    assert ids_in(kafka, topics) == once(1000)
    assert read_ledger(kafka, topics).records == 1000  # gaps of transactions are no records


def test_two_redrives_at_once_put_nothing_back_twice(kafka, topics, write):
    write(letters_of(topics, 1000))
    overtaken, in_the_middle = threading.Event(), threading.Event()
    errors = []

    def wait_in_the_middle(sent, of):
        if sent == 150:
            in_the_middle.set()
            assert overtaken.wait(60)

    def first():
        try:
            redrive(kafka, topics, any_letter, wait_in_the_middle)
        except UnavailableError as error:
            errors.append(str(error))

    thread = threading.Thread(target=first)
    thread.start()
    assert in_the_middle.wait(60)
    redrive(kafka, topics, any_letter)
    overtaken.set()
    thread.join(60)

    assert not thread.is_alive()
    assert errors == ["dlq redrive: another redrive of these letters has taken over"]
    assert ids_in(kafka, topics) == once(1000)


def test_a_redrive_that_is_stopped_leaves_nothing_open_behind(kafka, topics, write):
    write(letters_of(topics, 300))

    def ctrl_c(sent, of):
        if sent == 150:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        redrive(kafka, topics, any_letter, ctrl_c)
    write([(topics.frames, encode_frame(Frame("live", "door", "/c", 1.0, "image/jpeg", b"image")))])

    assert ids_in(kafka, topics).total() == 101  # readers are not held up by what was begun
    assert len(redrive(kafka, topics, any_letter).put_back) == 200


def test_letters_that_are_not_meant_stay_dead(kafka, topics, write):
    write(letters_of(topics, 16))

    done = redrive(kafka, topics, Filter(camera="camera-3"))

    assert len(done.put_back) == 2
    assert set(ids_in(kafka, topics)) == {"f3", "f11"}
    assert Counter(letter.state for letter in list_letters(kafka, topics)) == {"dead": 14, "redriven": 2}


def test_a_frame_that_dies_again_is_a_new_letter(kafka, topics, write):
    write(letters_of(topics, 1))
    redrive(kafka, topics, any_letter)
    [again] = records_in(kafka, topics.frames)
    write([dead(topics, again.offset, Message.of(again), again.partition)])

    done = redrive(kafka, topics, any_letter)

    assert (len(done.put_back), done.already) == (1, 1)
    assert ids_in(kafka, topics) == {"f0": 2}


def test_a_dry_run_says_what_it_would_do_and_does_nothing(kafka, topics, write, dlq):
    left_out = letters_of(topics, 1)[0]
    detail = "25000000 bytes unpacked, left out of this letter: not an event"
    incomplete = Dead(
        left_out.record, Message(b"door", b"", []), left_out.reason, "event", detail, 1, 1e9, 1e9, "w"
    )
    write([*letters_of(topics, 3), incomplete, (topics.dead, Message(b"door", b"?", []))])

    would = dlq("redrive", "--dry-run")
    done = dlq("redrive")

    ends = ", 1 cannot be: its content was left out of the letter, 1 cannot be: it is no letter\n"
    assert sorted(would.stdout.split(", ")) == sorted(f"3 would be put back{ends}".split(", "))
    assert sorted(done.stdout.split(", ")) == sorted(f"3 put back{ends}".split(", "))
    assert ids_in(kafka, topics) == once(3)


def test_marks_are_no_outcomes(kafka, topics, redis, write):
    write(letters_of(topics, 20))
    redrive(kafka, topics, any_letter)
    projector = Projector(kafka, topics, redis, random.Random(0))

    ledger = read_ledger(kafka, topics)
    with running(projector):
        until(lambda: projector.projected >= 20)

    assert len([record for record in records_in(kafka, topics.dead) if MARK in dict(record.headers)]) == 20
    assert (ledger.records, ledger.unreadable, len(ledger.lost)) == (20, 0, 20)
    assert (projector.projected, projector.skipped) == (20, 0)


def test_what_strangers_wrote_is_listed_and_reaches_no_terminal_as_it_is(kafka, topics, write, dlq):
    evil = "\x1b]0;owned\x07\u202eevil"
    [letter] = letters_of(topics, 1)
    message = letter.message()
    hostile = [
        Message(None, b"", []),
        Message(evil.encode(), b"\xff\xd8\xff", [(evil, evil.encode()), ("dlq-reason", b"corrupt-image")]),
        Message(evil.encode(), b"\xff\xd8\xff\x1b[2J", [*message.headers, (evil, evil.encode())]),
        Message(b"door", b"", [(MARK, b"\xff\x00")]),
        Message(b"door", b"", [(MARK, f"{topics.dead}/0/{'9' * 5000}".encode())]),
    ]
    write([(topics.dead, each) for each in hostile])

    listed = dlq("list")
    shown = [dlq("show", letter.place) for letter in list_letters(kafka, topics)]

    assert listed.stdout.endswith("5 dead letters: 4 broken, 1 image-too-large\n")
    assert all(done.returncode == 0 for done in [listed, *shown])
    for done in [listed, *shown]:
        assert all(character.isprintable() or character == "\n" for character in done.stdout + done.stderr)


def test_one_letter_is_shown_with_its_headers_and_its_image_saved(kafka, topics, write, dlq, tmp_path):
    image = StoreCamera(9003).jpeg(0.0)[0]
    write(letters_of(topics, 1, [image]))
    [letter] = list_letters(kafka, topics)

    shown = dlq("show", letter.place, "--save", tmp_path / "image.jpg")
    missing = dlq("show", f"{topics.dead}/0/999")
    nonsense = dlq("show", "door")

    assert (tmp_path / "image.jpg").read_bytes() == image
    assert "  ce_id: f0\n" in shown.stdout
    assert f"frame            {topics.frames}/0/{LONG_AGO}\n" in shown.stdout
    assert (missing.returncode, nonsense.returncode) == (1, 2)
    assert "no letter stands there" in missing.stderr


def test_the_newest_letter_is_listed_last(kafka, topics, write):
    for letter in letters_of(topics, 12):
        write([letter])
        written_at = time.time()
        until(lambda at=written_at: time.time() > at + 0.002, every_s=0.001)  # no two in the same millisecond

    listed = list_letters(kafka, topics)

    assert [letter.dead.record.offset - LONG_AGO for letter in listed] == list(range(12))


def test_the_oldest_letters_are_deleted_and_the_newer_kept(kafka, topics, write, dlq):
    write(letters_of(topics, 20))
    between = time.time() + 0.002
    until(lambda: time.time() > between)
    write(letters_of(topics, 5))

    oldest = records_before(kafka, topics, between)
    purge(kafka, oldest)

    assert oldest.count == 20
    assert len(list_letters(kafka, topics)) == 5
    assert dlq("purge", "--all", "--yes").stdout == "5 records deleted\n"
    assert dlq("list").stdout == "0 dead letters\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--all"], "There is no terminal to ask at; say --yes", id="nobody to ask"),
        pytest.param(["--yes"], "one of --before T and --all", id="which ones"),
        pytest.param(["--before", "soon", "--yes"], "--before: an instant such as", id="no instant"),
        pytest.param(["--reason", "broken", "--yes"], "Kafka deletes the oldest records", id="by reason"),
    ],
)
def test_a_purge_that_cannot_be_meant_deletes_nothing(kafka, topics, write, dlq, arguments, message):
    write(letters_of(topics, 3))

    refused = dlq("purge", *arguments)

    assert refused.returncode == 2
    assert message in refused.stderr
    assert len(list_letters(kafka, topics)) == 3


@pytest.mark.timeout(300)
def test_frames_that_were_put_back_are_detected_once(kafka, topics, write, tmp_path):
    camera = StoreCamera(9003)
    write(letters_of(topics, 1000, [camera.jpeg(n / 2)[0] for n in range(8)]))
    settings = Settings(topics=topics)
    worker = settings.worker.model_copy(update={"group_id": f"{topics.frames}.group"})
    settings = reached(settings.model_copy(update={"worker": worker}), kafka.bootstrap_servers, None)
    environment = os.environ | overrides(settings) | {"XDG_STATE_HOME": str(tmp_path)}
    log = tmp_path / "worker.log"

    redrive(kafka, topics, any_letter)
    with log.open("wb") as output, contextlib.ExitStack() as stack:
        command = [sys.executable, "-m", "detectscale", "worker"]
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
        os.setpriority(os.PRIO_PROCESS, process.pid, 10)
        stack.callback(lambda: print(log.read_text(errors="replace")[-4000:]))  # when the test fails
        stack.callback(process.wait, 60)
        stack.callback(process.terminate)
        consumer = stack.enter_context(closing(reader(kafka)))
        detections = partitions_of(consumer, [topics.detections])
        until(lambda: sum(consumer.end_offsets(detections).values()) >= 1000 or process.poll(), 240, 0.5)
    ledger = read_ledger(kafka, topics)

    assert (ledger.records, ledger.detected, ledger.duplicates) == (1000, 1000, 0)
    frames = Counter(each.frame_id for each in stored(kafka, topics) if isinstance(each, Detected))
    assert frames == once(1000)
