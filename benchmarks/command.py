"""
A benchmark as a command: its options are the arguments of a plain function.
"""

import sys
from collections.abc import Callable
from typing import NoReturn

import typer

from frames.errors import DetectscaleError


def run(main: Callable[..., None]) -> NoReturn:
    """Run *main* with the options given; a failure that a person can act upon is one line."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    try:
        app()
    except DetectscaleError as error:
        print(f"benchmark: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
    sys.exit(0)
