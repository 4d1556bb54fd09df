from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectscale.settings import Settings, default_file, load_settings, overrides
from frames.claim_check import ClaimCheckSettings
from frames.errors import ConfigError


@pytest.fixture
def write(tmp_path):
    def write(text: str) -> Path:
        file = tmp_path / "config.yaml"
        file.write_text(text)
        return file

    return write


def test_the_file_that_comes_with_detectscale_says_what_the_code_defaults_to():
    assert load_settings(None, {}) == Settings()


def test_the_default_file_is_the_one_of_the_manifests():
    assert default_file().parts[-3:] == ("manifests", "base", "config.yaml")


def test_the_environment_overrides_single_keys(write):
    file = write("policy: {max_replicas: 3, slo_s: 5}")

    settings = load_settings(file, {"DETECTSCALE_POLICY__MAX_REPLICAS": "7", "UNRELATED": "1"})

    assert (settings.policy.max_replicas, settings.policy.slo_s) == (7, 5)


@pytest.mark.parametrize(
    ("text", "environment", "message"),
    [
        pytest.param(
            "policy: {max_replicas: 0}",
            {},
            "config.yaml: policy.max_replicas: Input should be greater than 0, got 0",
            id="value out of range",
        ),
        pytest.param(
            "policy: {max_replica: 4}",
            {},
            "config.yaml: policy.max_replica: no such setting",
            id="misspelt key",
        ),
        pytest.param("polici: {}", {}, "config.yaml: polici: no such setting", id="misspelt section"),
        pytest.param(
            "",
            {"DETECTSCALE_WORKER__BATCH": "4"},
            "config.yaml: worker.batch: no such setting",
            id="misspelt variable",
        ),
        pytest.param("policy: [1]", {}, "sections with keys are expected", id="not a section"),
        pytest.param("a: b: c", {}, "config.yaml: not YAML", id="not YAML"),
        pytest.param(
            "policy: {min_replicas: 9, max_replicas: 2}",
            {},
            "config.yaml: policy: min_replicas is 9, above max_replicas 2",
            id="bounds out of order",
        ),
    ],
)
def test_a_bad_setting_is_one_line_that_names_it(write, text, environment, message):
    with pytest.raises(ConfigError) as caught:
        load_settings(write(text), environment)

    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"gone\.yaml: cannot be read"):
        load_settings(tmp_path / "gone.yaml", {})


def test_a_child_process_reads_the_same_settings_from_its_environment(write):
    environment = {
        "DETECTSCALE_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:9092",
        "DETECTSCALE_KAFKA__SASL_PLAIN_PASSWORD": "yes: 'quoted'",
        "DETECTSCALE_MODEL__PATH": "/models/yes.onnx",
        "DETECTSCALE_TOPICS__FRAMES": "12",
        "DETECTSCALE_WORKER__MAX_AGE_S": "",
    }

    settings = load_settings(write("policy: {max_replicas: 3}"), environment)

    assert load_settings(write(""), overrides(settings)) == settings


def test_no_password_is_shown_when_a_setting_is_wrong(write):
    with pytest.raises(ConfigError) as caught:
        load_settings(write(""), {"DETECTSCALE_REDIS__PASSWORD": "hunter2", "DETECTSCALE_REDIS__URLS": "x"})

    assert "hunter2" not in str(caught.value)


def test_no_password_is_shown_by_the_settings(write):
    settings = load_settings(write(""), {"DETECTSCALE_KAFKA__SASL_PLAIN_PASSWORD": "hunter2"})

    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    "text", ['["s3://frames", "/mnt/frames"]', "[s3://frames, /mnt/frames]"], ids=["JSON", "YAML"]
)
def test_the_environment_holds_lists_too(write, text):
    settings = load_settings(write(""), {"DETECTSCALE_CLAIM_CHECKS__ROOTS": text})

    assert settings.claim_checks.roots == ("s3://frames", "/mnt/frames")


def test_a_text_that_looks_like_a_list_stays_text(write):
    environment = {
        "DETECTSCALE_KAFKA__SASL_PLAIN_PASSWORD": "{not: [yaml",
        "DETECTSCALE_TOPICS__FRAMES": "[frames]",
    }

    settings = load_settings(write(""), environment)

    assert settings.kafka.sasl_plain_password.get_secret_value() == "{not: [yaml"
    assert settings.topics.frames == "[frames]"
    assert load_settings(write(""), overrides(settings)) == settings


def test_a_list_that_cannot_be_read_is_named(write):
    with pytest.raises(ConfigError, match="DETECTSCALE_CLAIM_CHECKS__ROOTS: not YAML"):
        load_settings(write(""), {"DETECTSCALE_CLAIM_CHECKS__ROOTS": "[s3://frames"})


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="/\\?#"), min_size=1),
        max_size=3,
    )
)
def test_a_child_process_reads_the_same_lists(names):
    roots = tuple(f"/mnt/x{name}" for name in names)
    settings = Settings(claim_checks=ClaimCheckSettings(roots=roots))

    assert load_settings(None, overrides(settings)).claim_checks == settings.claim_checks


def test_a_root_with_credentials_is_refused_without_showing_them(write):
    with pytest.raises(ConfigError, match=r"claim_checks\.roots: a bucket's name is expected") as caught:
        load_settings(write(""), {"DETECTSCALE_CLAIM_CHECKS__ROOTS": '["s3://key:hunter2@bucket"]'})

    assert "hunter2" not in str(caught.value)


def test_images_that_would_be_deleted_before_their_frames_are_refused(write):
    with pytest.raises(ConfigError, match=r"claim_checks\.ttl_s: must be above topics\.frames_retention_s"):
        load_settings(write("claim_checks: {roots: [s3://frames], ttl_s: 60}"), {})
