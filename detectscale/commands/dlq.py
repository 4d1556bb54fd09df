"""`detectscale dlq`: the arguments of its commands, and the one call each makes."""

from pathlib import Path
from typing import Annotated

import typer

from detectscale.commands.options import Config, StateDir, settings_of

dlq = typer.Typer(
    name="dlq",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="Look through the frames that could not be processed, and put them back.\n\n"
    "Example: `detectscale dlq list --since 2h`",
)

Reason = Annotated[
    str | None, typer.Option("--reason", help="Only those with this reason, such as `corrupt-image`.")
]
Camera = Annotated[str | None, typer.Option("--camera", help="Only those of this camera.")]
Since = Annotated[
    str | None,
    typer.Option(
        "--since", help="Only those that died at or after this: `2026-11-24T08:00Z`, or `2h` for 2 h ago."
    ),
]
Until = Annotated[str | None, typer.Option("--until", help="Only those that died before this.")]


@dlq.command("list")
def list_letters(
    reason: Reason = None,
    camera: Camera = None,
    since: Since = None,
    until: Until = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a letter, no summary.")] = False,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    List dead letters, one a line, the newest last.

    A letter's state is `dead`, `redriven` (put back), or `incomplete` (it cannot be put back).

    Example: `detectscale dlq list --reason corrupt-image --since 2h`

    Example: `detectscale dlq list --json | jq .detail`
    """
    from detectscale.dead_letters import filter_of, show_letters
    from detectscale.places import Places

    show_letters(
        Places.of(state_dir).connected(settings_of(config)), filter_of(reason, camera, since, until), as_json
    )


@dlq.command()
def show(
    place: Annotated[str, typer.Argument(help="Where the letter stands, as `dlq list` says it.")],
    save: Annotated[
        Path | None, typer.Option(help="Write the original value, the image as it came, into this file.")
    ] = None,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    Tell all about one letter, headers too; the image only with `--save`.

    Example: `detectscale dlq show frames.dlq/3/17 --save broken.jpg`
    """
    from detectscale.dead_letters import show_letter
    from detectscale.places import Places

    show_letter(Places.of(state_dir).connected(settings_of(config)), place, save)


@dlq.command()
def redrive(
    reason: Reason = None,
    camera: Camera = None,
    since: Since = None,
    until: Until = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    Put the original frames back, once the cause of their deaths is gone.

    Each letter goes back at most once, however often this is run or stopped. A frame that was put back
    says so in its header `dlq-redriven-from`; if it dies again, that is a new letter.

    Example: `detectscale dlq redrive --reason image-too-large --since 2h --dry-run`

    Example: `detectscale dlq redrive --camera door`
    """
    from detectscale.dead_letters import filter_of, redrive_letters
    from detectscale.places import Places

    redrive_letters(
        Places.of(state_dir).connected(settings_of(config)), filter_of(reason, camera, since, until), dry_run
    )


@dlq.command()
def purge(
    before: Annotated[
        str | None, typer.Option(help="Those that died before this: an instant, or `24h` for 24 h ago.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    reason: Annotated[str | None, typer.Option(hidden=True)] = None,
    camera: Annotated[str | None, typer.Option(hidden=True)] = None,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    Delete the oldest letters for good, images and all.

    Kafka deletes the oldest records of a topic, and no others; so there is no choice by reason or camera.

    Example: `detectscale dlq purge --before 24h`

    Example: `detectscale dlq purge --all --yes`
    """
    from detectscale.dead_letters import purge_letters
    from detectscale.places import Places
    from frames.errors import ConfigError

    if reason is not None or camera is not None:
        raise ConfigError(
            "dlq purge: Kafka deletes the oldest records of a topic, and none from its middle, so letters "
            "cannot be chosen by --reason or --camera; use --before T or --all"
        )
    purge_letters(Places.of(state_dir).connected(settings_of(config)), before, everything, yes)
