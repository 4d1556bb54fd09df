"""`detectscale up`: its arguments, and the one call they make."""

from detectscale.commands.options import Config, Model, StateDir, Trust, settings_of


def up(
    model: Model = None,
    trust: Trust = False,
    config: Config = None,
    state_dir: StateDir = None,
) -> None:
    """
    Kafka, Redis, the autoscaler and its workers on this machine, until Ctrl-C.

    In another terminal: `detectscale publish bus.jpg`, `detectscale camera lobby.mp4`,
    `detectscale results --follow`.

    Example: `detectscale up`
    """
    from detectscale.places import Places
    from detectscale.up import run_up

    run_up(settings_of(config, model, trust), Places.of(state_dir))
