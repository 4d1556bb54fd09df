"""`detectscale worker`: its arguments, and the one call they make."""

from typing import Annotated

import typer

from detectscale.commands.options import Config, StateDir, settings_of


def worker(
    worker_id: Annotated[str | None, typer.Option(help="Its name in statuses and results.")] = None,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    Run one worker until SIGTERM: it finishes what it has begun, commits and leaves.

    Example: `DETECTSCALE_KAFKA__BOOTSTRAP_SERVERS=kafka:9092 detectscale worker`
    """
    from detectscale.places import Places
    from workers.start import run_worker

    places = Places.of(state_dir)
    settings = places.connected(settings_of(config))
    run_worker(
        settings.kafka,
        settings.topics,
        settings.worker,
        settings.model,
        settings.claim_checks,
        settings.traces,
        places.model_cache,
        worker_id,
    )
