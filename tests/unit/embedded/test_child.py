import pytest

from detectscale.embedded.child import last_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("", "nothing was logged", id="empty"),
        pytest.param("one\ntwo\n\n", "two", id="blank-lines-do-not-count"),
        pytest.param(
            "ERROR: no\nCaused by: that\n\tat Main.java\n\t... 18 more\n", "Caused by: that", id="stack-trace"
        ),
    ],
)
def test_the_last_line_is_the_one_that_says_why(tmp_path, text, line):
    log = tmp_path / "server.log"
    log.write_text(text)

    assert last_line(log) == line
