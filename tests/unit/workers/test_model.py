import hashlib

import pytest
import yaml

from frames.errors import ConfigError
from workers.model import BUNDLED, ModelSettings, load_model

CONTENT = b"a model, let us say"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def model_file(tmp_path):
    file = tmp_path / "mine.onnx"
    file.write_bytes(CONTENT)
    return file


def write_manifest(model_file, sha256):
    files = {"onnx": {"file": model_file.name, "sha256": sha256}}
    manifest = {"name": "mine", "labels": ["person"], "files": files}
    model_file.with_suffix(".yaml").write_text(yaml.safe_dump(manifest))


def test_the_bundled_model_is_what_its_manifest_promises():
    model = load_model(ModelSettings())

    assert model.digest == hashlib.sha256(BUNDLED.read_bytes()).hexdigest()
    assert model.labels == ("person", "cart", "shelf_gap")


def test_a_model_with_the_digest_of_its_manifest_is_loaded(model_file):
    write_manifest(model_file, DIGEST)

    model = load_model(ModelSettings(path=model_file))

    assert (model.name, model.digest, model.labels, model.content) == ("mine", DIGEST, ("person",), CONTENT)


def test_a_model_with_the_digest_of_the_settings_is_loaded(model_file):
    assert load_model(ModelSettings(path=model_file, sha256=DIGEST)).digest == DIGEST


def test_a_model_that_the_user_trusts_is_loaded_without_a_digest(model_file):
    assert load_model(ModelSettings(path=model_file, trust=True)).name == "mine"


def test_a_flipped_byte_is_refused_even_when_the_user_trusts_the_file(model_file):
    write_manifest(model_file, DIGEST)
    model_file.write_bytes(b"b" + CONTENT[1:])

    with pytest.raises(ConfigError, match=rf"mine\.onnx: its sha256 is .*, but {DIGEST} was promised"):
        load_model(ModelSettings(path=model_file, trust=True))


def test_a_model_for_which_nobody_vouches_is_refused_with_the_way_out(model_file):
    with pytest.raises(ConfigError, match=rf"nobody vouches.*{DIGEST}.*--trust"):
        load_model(ModelSettings(path=model_file))


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"gone\.onnx: No such file"):
        load_model(ModelSettings(path=tmp_path / "gone.onnx"))


def test_another_format_is_refused_with_the_command_that_converts_it(tmp_path):
    with pytest.raises(ConfigError, match=r"detectscale export yolo\.pt"):
        load_model(ModelSettings(path=tmp_path / "yolo.pt"))


def test_a_broken_manifest_is_named(model_file):
    model_file.with_suffix(".yaml").write_text("name: [")

    with pytest.raises(ConfigError, match=r"mine\.yaml: not a model manifest"):
        load_model(ModelSettings(path=model_file))
