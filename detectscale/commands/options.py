"""The options that several commands share, and the settings they lead to."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from detectscale.settings import Settings

Config = Annotated[
    Path | None,
    typer.Option("--config", help="Settings file; the one that came with detectscale if not given."),
]
StateDir = Annotated[
    Path | None,
    typer.Option(
        "--state-dir", help="Where embedded servers keep data and logs; `~/.local/state/detectscale`."
    ),
]


Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="A file, an OpenVINO folder, a storage URL, or a model of Ultralytics; else the bundled one.",
    ),
]
Trust = Annotated[bool, typer.Option("--trust", help="Run a model whose digest nobody vouches for.")]


def settings_of(config: Path | None, model: str | None = None, trust: bool = False) -> "Settings":
    """The settings of the file and the environment, with what the command line says of the model."""
    from detectscale.settings import config_file, load_settings

    settings = load_settings(config_file(config), os.environ)
    given = {
        "path": os.path.abspath(model) if model and os.path.exists(model) else model or settings.model.path,
        "trust": trust or settings.model.trust,
    }
    return settings.model_copy(update={"model": settings.model.model_copy(update=given)})
