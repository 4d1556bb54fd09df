"""The client on the command line, and the examples of its page."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from detectscale import Client
from detectscale.settings import overrides
from tests.child import child
from tests.waiting import until

pytestmark = pytest.mark.timeout(240)
PAGE = Path(__file__).parents[3] / "docs" / "client.md"


@pytest.fixture
def run(tmp_path):
    """Runs a program to its end, in a folder with two pictures."""

    def run(*command, **environment):
        return subprocess.run(
            list(map(str, command)),
            env=os.environ | environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


@pytest.fixture
def detectscale(run):
    """Runs `detectscale ARGS`."""
    return lambda *arguments, **environment: run(
        sys.executable, "-m", "detectscale", *arguments, **environment
    )


@pytest.fixture
def pictures(tmp_path, picture):
    """`bus.jpg` and `street.jpg`."""
    files = [tmp_path / "bus.jpg", tmp_path / "street.jpg"]
    for file in files:
        file.write_bytes(picture)
    return files


@pytest.fixture
def all_along(pictures):
    """Begins to detect a picture of the door again and again."""
    enough = threading.Event()
    threads = []

    def begin(url):
        def detect():
            with Client(url) as client:
                while not enough.is_set():
                    client.detect(pictures[0], "door")

        threads.append(threading.Thread(target=detect))
        threads[-1].start()

    yield begin
    enough.set()
    for thread in threads:
        thread.join()


def test_the_same_words_print_the_same_lines_with_and_without_a_gateway(
    detectscale, start_gateway, worker, projector, pictures, settings
):
    url = start_gateway().url

    published = detectscale("publish", *pictures, "--camera", "door", "--gateway", url)
    waited = detectscale("publish", pictures[0], "--camera", "door", "--gateway", url, "--wait")

    assert (published.returncode, published.stderr) == (waited.returncode, waited.stderr) == (0, "")
    ids = published.stdout.split()
    assert len(ids) == 2
    by_gateway = json.loads(waited.stdout)
    assert by_gateway["kind"] == "detected"
    assert by_gateway["detections"]
    frame = "--frame", by_gateway["frame_id"]
    by_redis = until(lambda: detectscale("results", *frame, **overrides(settings)).stdout)
    assert by_gateway == {name: value for name, value in json.loads(by_redis).items() if name in by_gateway}
    assert detectscale("results", *frame, "--gateway", url).stdout == waited.stdout
    for words in ((), ("--camera", "door")):
        latest = detectscale("results", *words, "--gateway", url)
        assert latest.stdout == waited.stdout


def test_the_key_comes_from_the_environment_or_a_file_and_a_wrong_one_is_one_line(
    detectscale, start_gateway, keys, pictures, tmp_path
):
    file, key = keys
    url = start_gateway(keys_file=str(file)).url
    (tmp_path / "key").write_text(key["shop-1"] + "\n")
    publish = "publish", pictures[0], "--gateway", url

    for sent in (
        detectscale(*publish, DETECTSCALE_KEY=key["shop-1"]),
        detectscale(*publish, "--key-file", tmp_path / "key", DETECTSCALE_KEY="ds_wrong"),
    ):
        assert (sent.returncode, len(sent.stdout.split())) == (0, 1)
    for command in (publish, ("results", "--follow", "--gateway", url)):
        for refused in (detectscale(*command), detectscale(*command, DETECTSCALE_KEY="ds_wrong")):
            assert refused.returncode == 2
            assert re.fullmatch(r"detectscale: http://.*no valid API key.*DETECTSCALE_KEY\n", refused.stderr)


def test_what_is_refused_is_named_and_the_rest_is_sent(detectscale, start_gateway, pictures, tmp_path):
    (tmp_path / "list.txt").write_text("milk")

    told = detectscale("publish", "list.txt", *pictures, "--gateway", start_gateway().url)

    assert told.returncode == 2
    assert len(told.stdout.split()) == 2
    assert re.fullmatch(r"detectscale: not sent: list.txt: http.*\(unsupported-image\)\n", told.stderr)


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        (["publish", "bus.jpg", "--gateway", "nowhere"], 2, "'nowhere' is no address such as http://"),
        (["publish", "no.jpg", "--gateway", "URL"], 2, "no.jpg: No such file or directory"),
        (["publish", "bus.jpg", "--gateway", "URL", "--as-is"], 2, "takes nothing but images"),
        (["publish", "bus.jpg", "--wait"], 2, "go with --gateway URL"),
        (
            ["publish", "bus.jpg", "--gateway", "URL", "--key-file", "none"],
            2,
            "--key-file: none: cannot be read",
        ),
        (["results", "--gateway", "URL", "--camera", "hall"], 1, "camera hall: no result yet"),
        (["results", "--gateway", "URL", "--frame", "f1"], 2, "there is no such frame"),
        (
            ["results", "--gateway", "URL", "--camera", "hall", "--label", "cart"],
            2,
            "--label goes with --follow",
        ),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_what_goes_wrong_is_one_line(detectscale, start_gateway, pictures, words, status, line):
    url = start_gateway().url

    told = detectscale(*(url if word == "URL" else word for word in words))

    assert (told.returncode, told.stdout) == (status, "")
    assert re.fullmatch(r"detectscale: .*\n", told.stderr)
    assert line in told.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("through_gateway", [True, False], ids=["gateway", "kafka"])
def test_following_ends_cleanly_when_told_so(
    start_gateway, worker, all_along, settings, number, through_gateway
):
    url = start_gateway().url
    words = ["results", "--follow", "--label", "person", *(["--gateway", url] if through_gateway else [])]
    with child(
        [sys.executable, "-m", "detectscale", *words],
        env=os.environ | overrides(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        all_along(url)
        told = json.loads(process.stdout.readline())
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)

    assert (told["kind"], told["camera"]) == ("detected", "door")
    assert "person" in {found["label"] for found in told["detections"]}
    assert process.returncode == 0
    assert re.fullmatch(r"(.* I .*results: stopped\n)?", errors)


def test_the_examples_of_the_page_run(run, start_gateway, worker, projector, pictures, all_along):
    url = start_gateway().url
    all_along(url)
    until(lambda: latest_at(url))
    text = PAGE.read_text().replace("http://localhost:8080", url)

    examples = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    said = [run(sys.executable, "-c", example) for example in examples]
    lines = re.search(r"```sh\n(.*?)```", text, re.DOTALL)[1].splitlines()
    shell = [run(sys.executable, "-m", *shlex.split(line)) for line in lines]

    assert [(told.returncode, told.stderr) for told in said + shell] == [(0, "")] * 7
    assert re.search(r"^person 0\.\d\d \(", said[0].stdout, re.MULTILINE)
    assert said[1].stdout.count("detected") == 2
    assert "somebody is at the door" in said[2].stdout
    assert said[3].stdout == "not this one: unsupported-image\n"
    assert len(shell[0].stdout.split()) == 2
    assert all(json.loads(told.stdout)["kind"] == "detected" for told in shell[1:])


def latest_at(url):
    with Client(url) as client:
        return client.latest("door")
