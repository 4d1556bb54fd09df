"""`detectscale autoscaler`: its arguments, and the one call they make."""

from detectscale.commands.options import Config, StateDir, settings_of


def autoscaler(config: Config = None, state_dir: StateDir = None) -> None:
    """
    Decide how many workers there should be, and tell KEDA, until SIGTERM.

    Example: `DETECTSCALE_KAFKA__BOOTSTRAP_SERVERS=kafka:9092 detectscale autoscaler`
    """
    from detectscale.places import Places
    from detectscale.service import stop_on_signals
    from frames.errors import ConfigError

    try:
        from autoscaler.adapter.serve import run_adapter
        from autoscaler.kubernetes_fleet.membership import membership
    except ModuleNotFoundError as error:
        raise ConfigError(f"{error.name} is not installed: pip install 'detectscale[keda]'") from error

    settings = Places.of(state_dir).connected(settings_of(config))
    taken = {"max_batch": settings.worker.max_batch, "max_age_s": settings.worker.oldest_s}
    with membership(settings.adapter) as (fleet_of, election):
        run_adapter(
            settings.kafka,
            settings.topics,
            settings.worker.group_id,
            settings.policy.model_copy(update=taken),
            settings.adapter,
            stop_on_signals(),
            fleet_of,
            election,
        )
