"""`detectscale publish`: its arguments, and the one call they make."""

from pathlib import Path
from typing import Annotated

import typer

from detectscale.commands.options import Config, StateDir, settings_of
from detectscale.commands.through_gateway import Gateway, KeyFile, client_of


def publish(
    files: Annotated[list[Path], typer.Argument(help="JPEG or PNG files.", metavar="FILE...")],
    camera: Annotated[str, typer.Option(help="The camera they are from.")] = "files",
    as_is: Annotated[
        bool, typer.Option("--as-is", help="Send whatever the files hold; broken ones end as dead letters.")
    ] = False,
    wait: Annotated[
        bool,
        typer.Option("--wait", help="With --gateway: print outcomes in place of ids, as `results` does."),
    ] = False,
    gateway: Gateway = None,
    key_file: KeyFile = None,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    Send images once, and print the id of each frame the broker has acknowledged.

    Example: `detectscale publish bus.jpg street.png --camera door`

    Example, by HTTP: `detectscale publish bus.jpg --gateway http://localhost:8080 --wait | jq .detections`
    """
    from frames.errors import ConfigError

    if gateway is not None:
        from detectscale.client.shell import publish_to_gateway

        if as_is:
            raise ConfigError("publish: --as-is is for Kafka; a gateway takes nothing but images")
        with client_of(gateway, key_file) as client:
            publish_to_gateway(client, files, camera, wait)
        return
    from detectscale.places import Places
    from detectscale.publish import publish_files

    if wait or key_file is not None:
        raise ConfigError("publish: --wait and --key-file go with --gateway URL")
    publish_files(Places.of(state_dir).connected(settings_of(config)), files, camera, as_is)
