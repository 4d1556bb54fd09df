"""Every command can be found, explains itself with an example, and costs the others nothing."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner

from detectscale.cli import COMMANDS, app


def words() -> Iterator[list[str]]:
    """What a person types for each command, those with commands of their own taken apart."""
    for name in COMMANDS:
        command = typer.main.get_command(app).commands[name]
        yield from [[name, part] for part in getattr(command, "commands", ())] or [[name]]


@pytest.mark.parametrize("command", list(words()), ids=" ".join)
def test_help_shows_an_example(command):
    shown = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200"})

    assert shown.exit_code == 0
    assert re.search(rf"Example: .*detectscale {' '.join(command)}\b", shown.output)


def test_a_command_that_does_not_exist_is_answered_with_one_that_does():
    shown = CliRunner().invoke(app, ["simulat"])

    assert shown.exit_code == 2
    assert "Did you mean 'simulate'?" in shown.output


def test_a_worker_imports_no_other_command():
    code = """
import sys
from typer.testing import CliRunner
from detectscale.cli import app
assert CliRunner().invoke(app, ["worker", "--help"]).exit_code == 0
print(*sorted(name for name in sys.modules if name.startswith("detectscale.commands.")))
"""

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert shown.stdout.split() == ["detectscale.commands.options", "detectscale.commands.worker"]
