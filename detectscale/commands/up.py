"""`detectscale up`: its arguments, and the one call they make."""

from typing import Annotated

import typer

from detectscale.commands.options import Config, Model, StateDir, Trust, settings_of


def up(
    model: Model = None,
    trust: Trust = False,
    gateway_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where the HTTP gateway listens; 0 takes a free port.")
    ] = 8080,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    Kafka, Redis, the autoscaler, its workers and an HTTP gateway on this machine, until Ctrl-C.

    In another terminal: `detectscale publish bus.jpg`, `detectscale camera lobby.mp4`,
    `detectscale results --follow`, or
    `curl --data-binary @bus.jpg -H 'content-type: image/jpeg' localhost:8080/v1/detect`.

    Example: `detectscale up`
    """
    from detectscale.places import Places
    from detectscale.up import run_up

    run_up(settings_of(config, model, trust), Places.of(state_dir), gateway_port)
