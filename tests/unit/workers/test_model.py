import hashlib
import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from frames.errors import ConfigError, UnavailableError
from workers.model import BUNDLED, ModelSettings, load_model
from workers.model_digest import digest_of
from workers.patience import patiently

CONTENT = b"a model, let us say"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def model_file(tmp_path):
    file = tmp_path / "mine.onnx"
    file.write_bytes(CONTENT)
    return file


def write_manifest(model, sha256):
    files = {"any": {"file": model.name, "sha256": sha256}}
    manifest = {"name": "mine", "labels": ["person"], "files": files}
    (model.parent / "mine.yaml").write_text(yaml.safe_dump(manifest))


def load(path=None, **settings):
    return load_model(ModelSettings(path=path and str(path), **settings), Path("no cache is needed"))


def test_the_bundled_model_is_what_its_manifest_promises():
    model = load()

    assert model.digest == hashlib.sha256(BUNDLED.read_bytes()).hexdigest()
    assert model.labels == ("person", "cart", "shelf_gap")


def test_a_model_with_the_digest_of_its_manifest_is_loaded(model_file):
    write_manifest(model_file, DIGEST)

    model = load(model_file)

    assert (model.name, model.digest, model.labels, model.content) == ("mine", DIGEST, ("person",), CONTENT)
    assert model.path == model_file


def test_a_file_url_is_a_path(model_file):
    assert load(model_file.as_uri(), sha256=DIGEST).path == model_file


def test_a_model_with_the_digest_of_the_settings_is_loaded(model_file):
    assert load(model_file, sha256=DIGEST).digest == DIGEST


def test_a_model_that_the_user_trusts_is_loaded_without_a_digest(model_file):
    assert load(model_file, trust=True).name == "mine"


@pytest.mark.parametrize("name", ["mine.pt", "mine.torchscript", "mine.engine"])
def test_another_format_is_checked_and_left_on_the_disk(tmp_path, name):
    (tmp_path / name).write_bytes(CONTENT)

    model = load(tmp_path / name, sha256=DIGEST)

    assert (model.path, model.content) == (tmp_path / name, b"")


@pytest.fixture
def model_folder(tmp_path):
    folder = tmp_path / "mine_openvino_model"
    (folder / "deep").mkdir(parents=True)
    for name in ("mine.xml", "mine.bin", "deep/metadata.yaml"):
        (folder / name).write_text(name)
    return folder


def test_a_folder_with_the_digest_of_its_manifest_is_loaded(model_folder):
    write_manifest(model_folder, digest_of(model_folder))

    model = load(model_folder)

    assert (model.name, model.path, model.content) == ("mine", model_folder, b"")


def test_the_digest_of_a_folder_is_what_its_documentation_says(model_folder):
    names = ["deep/metadata.yaml", "mine.bin", "mine.xml"]
    lines = [f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n" for name in names]

    assert digest_of(model_folder) == hashlib.sha256("".join(lines).encode()).hexdigest()


@pytest.mark.parametrize("change", ["touched", "renamed", "added", "removed"])
def test_a_folder_that_changed_is_refused(model_folder, change):
    write_manifest(model_folder, digest_of(model_folder))
    file = model_folder / "mine.bin"
    {
        "touched": lambda: file.write_text("mine.bim"),
        "renamed": lambda: file.rename(model_folder / "mine.bim"),
        "added": lambda: (model_folder / "more").touch(),
        "removed": file.unlink,
    }[change]()

    with pytest.raises(ConfigError, match="was promised"):
        load(model_folder, trust=True)


@pytest.fixture(scope="module")
def vouched(tmp_path_factory):
    """A model of some size with its manifest; its content."""
    file = tmp_path_factory.mktemp("vouched") / "mine.onnx"
    content = random.Random(5).randbytes(3000)
    file.write_bytes(content)
    write_manifest(file, hashlib.sha256(content).hexdigest())
    return file, content


@given(at=st.integers(0, 2999), flip=st.integers(1, 255))
def test_any_flipped_bits_are_refused_even_when_the_user_trusts_the_file(vouched, at, flip):
    file, content = vouched
    file.write_bytes(content[:at] + bytes([content[at] ^ flip]) + content[at + 1 :])

    with pytest.raises(ConfigError, match=r"mine\.onnx: its sha256 is .*, but .* was promised"):
        load(file, trust=True)


@given(length=st.integers(0, 2999))
def test_any_truncation_is_refused(vouched, length):
    file, content = vouched
    file.write_bytes(content[:length])

    with pytest.raises(ConfigError, match="was promised"):
        load(file, trust=True)


def test_a_model_for_which_nobody_vouches_is_refused_with_the_way_out(model_file):
    with pytest.raises(ConfigError, match=rf"nobody vouches.*{DIGEST}.*--trust"):
        load(model_file)


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"gone\.onnx: No such file"):
        load(tmp_path / "gone.onnx")


def test_a_broken_manifest_is_named(model_file):
    model_file.with_suffix(".yaml").write_text("name: [")

    with pytest.raises(ConfigError, match=r"mine\.yaml: not a model manifest"):
        load(model_file)


def test_a_digest_that_is_none_is_refused_by_the_settings():
    with pytest.raises(ValueError, match="sha256"):
        ModelSettings(sha256="../../etc/passwd")


@dataclass
class Clock:
    """Time passes only by pausing."""

    now: float = 100.0
    pauses: list[float] = field(default_factory=list)

    def pause(self, wait_s):
        self.pauses.append(wait_s)
        self.now += wait_s


def failing(times, error=UnavailableError):
    answers = iter([error(f"failure {number}") for number in range(times)])

    def attempt():
        if failure := next(answers, None):
            raise failure
        return "there"

    return attempt


def test_a_store_that_comes_back_in_time_is_waited_for():
    clock = Clock()

    found = patiently(failing(5), 60.0, lambda: clock.now, clock.pause, random.Random(1))

    assert found == "there"
    assert len(clock.pauses) == 5
    assert clock.pauses[0] < clock.pauses[-1]


def test_patience_ends_in_time_with_the_last_failure():
    clock = Clock()

    with pytest.raises(UnavailableError, match=r"failure \d+"):
        patiently(failing(1000), 60.0, lambda: clock.now, clock.pause, random.Random(1))

    assert 30.0 < sum(clock.pauses) <= 60.0


def test_what_will_not_pass_is_not_waited_for():
    clock = Clock()

    with pytest.raises(ConfigError, match="failure 0"):
        patiently(failing(1, ConfigError), 60.0, lambda: clock.now, clock.pause, random.Random(1))

    assert clock.pauses == []
