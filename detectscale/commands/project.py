"""`detectscale project`: its arguments, and the one call they make."""

from typing import Annotated

import typer

from detectscale.commands.options import Config, StateDir, settings_of


def project(
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Forget the projection and make it anew from Kafka.")
    ] = False,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    Keep Redis in step with the outcome topics, until Ctrl-C; delete expired images of claim checks.

    Example: `detectscale project --rebuild`
    """
    import random

    from detectscale.places import Places
    from detectscale.service import stop_on_signals
    from frames.claim_check import start_cleaning
    from frames.projector import Projector

    settings = Places.of(state_dir).connected(settings_of(config))
    projector = Projector(settings.kafka, settings.topics, settings.redis, random.SystemRandom())
    if rebuild:
        projector.rebuild()
    stop = stop_on_signals()
    start_cleaning(settings.claim_checks, stop)
    projector.run(stop)
