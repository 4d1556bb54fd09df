"""
The command line: words in, one call of a plain function out.

A command's module is imported when the command is called for, and each command imports what it
needs when it runs, so that `--help` and a worker's cold start pay for nothing else. Results go to
stdout, logs to stderr. Exit status: 0 done, 1 failed, 2 wrong usage or configuration.
"""

import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from detectscale.service import interrupt_on_sigterm
from frames.errors import DetectscaleError

COMMANDS = (
    "demo",
    "up",
    "publish",
    "camera",
    "results",
    "dlq",
    "project",
    "gateway",
    "worker",
    "autoscaler",
    "train",
    "export",
    "simulate",
    "lint-manifests",
)
"""In the order of `--help`. Each is found in a module of its name under its name: a function, or a Typer."""


def main() -> NoReturn:
    """Run the command line; a failure that a person can act upon is one line, without a traceback."""
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname).1s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # reports every reconnect; ours report what matters
    for client in ("aiobotocore", "botocore"):  # they report where they found credentials
        logging.getLogger(client).setLevel(logging.WARNING)
    interrupt_on_sigterm()
    try:
        app()
    except BrokenPipeError:  # whoever read our output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except DetectscaleError as error:
        print(f"detectscale: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        print("detectscale: stopped", file=sys.stderr)
        sys.exit(130)
    sys.exit(0)


class Commands(Mapping[str, Any]):
    """The commands by name; each one's module is imported when it is looked up."""

    def __getitem__(self, name: str) -> Any:
        if name not in COMMANDS:
            raise KeyError(name)
        word = name.replace("-", "_")
        found = getattr(import_module(f"detectscale.commands.{word}"), word)
        if not isinstance(found, typer.Typer):
            found = _alone(name, found)
        return typer.main.get_command(found)

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class Program(TyperGroup):
    """The command `detectscale` itself."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = Commands()  # type: ignore[assignment]  # Typer only reads it


def _alone(name: str, function: Callable[..., None]) -> typer.Typer:
    """An application of one command."""
    application = typer.Typer(add_completion=False, rich_markup_mode="markdown")
    application.command(name)(function)
    return application


app = typer.Typer(
    cls=Program,
    callback=lambda: None,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Object detection on Kafka image frames, with workers that scale from zero.\n\n"
    "Start with `detectscale demo`, then `detectscale up`.",
)
