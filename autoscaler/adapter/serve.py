"""
The adapter as a whole: a thread for each target, and the doors.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager

from autoscaler.adapter.control import Control
from autoscaler.adapter.doors import Doors
from autoscaler.adapter.election import Alone, Election, FileElection
from autoscaler.adapter.scaled_fleet import FleetOf, UnseenFleet
from autoscaler.adapter.settings import AdapterSettings, scaled
from autoscaler.adapter.targets import Target
from autoscaler.policy_settings import PolicySettings
from frames.clients import KafkaSettings
from frames.topics import TopicSettings

log = logging.getLogger(__name__)


def run_adapter(
    kafka: KafkaSettings,
    topics: TopicSettings,
    group_id: str,
    policy: PolicySettings,
    settings: AdapterSettings,
    stop: threading.Event,
    fleet_of: FleetOf = lambda _: UnseenFleet(),
    election: Election | None = None,
) -> None:
    """
    Decide, and answer KEDA, until *stop* is set.

    Args:
        group_id: Of the workers of every target that names no other.
        policy: For every target, but for what it changes.
        fleet_of: Makes the fleet of a target.
        election: Whose turn it is; None: as *settings* say.

    Raises:
        ConfigError: A setting cannot be used.
    """
    if not settings.tls_client_ca_file and settings.host not in ("127.0.0.1", "[::1]", "localhost"):
        log.warning("whoever reaches %s may ask: adapter.tls_client_ca_file is not set", settings.host)
    election = election or (FileElection(settings.election_file) if settings.election_file else Alone())
    plans = scaled(settings, topics, group_id, policy)
    targets = {plan.name: Target(plan.name, plan.params.max_replicas, settings.stale_s) for plan in plans}
    controls = [
        Control(kafka, plan, targets[plan.name], fleet_of(plan), election, settings.stale_s, stop)
        for plan in plans
    ]
    with ExitStack() as opened:
        opened.enter_context(closing(Doors(settings, targets, stop)))
        opened.callback(election.resign)
        opened.enter_context(_running(controls, stop))
        stop.wait()


@contextmanager
def _running(controls: Sequence[Control], stop: threading.Event) -> Iterator[None]:
    """A thread for each; what ends one of them ends all, and is raised here."""
    failures: list[BaseException] = []

    def run(control: Control) -> None:
        try:
            control.run()
        except BaseException as error:
            failures.append(error)
            stop.set()

    threads = [threading.Thread(target=run, args=(control,), name="control") for control in controls]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
