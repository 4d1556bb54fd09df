"""`detectscale gateway`: its arguments, and the one call they make."""

from typing import Annotated

import typer

from detectscale.commands.options import Config, StateDir, settings_of


def gateway(
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Where to listen; 0 takes a free port.")
    ] = None,
    new_key: Annotated[
        str | None,
        typer.Option(metavar="TENANT", help="Instead: print a new API key, and the line with its hash."),
    ] = None,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    Frames in and results out by HTTP: `/v1/detect`, `/v1/frames`, `/v1/cameras`, `/v1/stream`.

    The page at `/` shows what happens and why, the one at `/playground` the boxes in a picture of yours.
    Without API keys, only this machine may call.

    Example: `detectscale gateway --port 8080`, then
    `curl --data-binary @bus.jpg -H 'content-type: image/jpeg' localhost:8080/v1/detect`

    Example, a key: `detectscale gateway --new-key shop-12`
    """
    settings = settings_of(config)
    if new_key is not None:
        from detectscale.gateway import print_new_key

        print_new_key(new_key, settings.gateway.keys_file)
        return
    from detectscale.gateway import run_gateway
    from detectscale.places import Places

    if port is not None:
        chosen = settings.gateway.model_copy(update={"port": port})
        settings = settings.model_copy(update={"gateway": chosen})
    run_gateway(Places.of(state_dir).connected(settings), settings.gateway)
