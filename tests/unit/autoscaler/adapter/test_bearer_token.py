import pytest

from autoscaler.adapter.bearer_token import Token
from frames.errors import ConfigError

KNOWN = "known-to-keda-alone"


@pytest.mark.parametrize(
    ("header", "matches"),
    [
        (f"Bearer {KNOWN}", True),
        (f"bearer {KNOWN}", True),
        (f"Basic {KNOWN}", False),
        (KNOWN, False),
        ("Bearer", False),
        ("Bearer naïve", False),
        (f"Bearer {KNOWN[:-1]}", False),
        ("", False),
        (None, False),
    ],
)
def test_only_who_knows_the_token_matches(tmp_path, header, matches):
    file = tmp_path / "token"
    file.write_text(KNOWN + "\n")

    assert Token(str(file)).matches(header) is matches


def test_a_token_that_is_replaced_counts_from_then_on(tmp_path):
    file = tmp_path / "token"
    file.write_text(KNOWN)
    token = Token(str(file))

    file.write_text("another-" + KNOWN)

    assert token.matches(f"Bearer another-{KNOWN}")
    assert not token.matches(f"Bearer {KNOWN}")


@pytest.mark.parametrize("text", ["", "\n", "short"])
def test_no_token_worth_the_name_is_refused_at_the_start(tmp_path, text):
    file = tmp_path / "token"
    file.write_text(text)

    with pytest.raises(ConfigError, match="a token of at least 16 bytes is expected"):
        Token(str(file))
