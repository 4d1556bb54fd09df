import shlex

import typer
import yaml

from detectscale.cli import app
from workers.model import BUNDLED


def test_the_command_that_made_the_bundled_model_is_one_that_can_be_typed():
    command = yaml.safe_load(BUNDLED.with_suffix(".yaml").read_text())["command"]
    program, name, *arguments = shlex.split(command)

    context = typer.main.get_command(app).commands[name].make_context(name, arguments)

    assert program == "detectscale"
    assert context.params["epochs"] > 1
