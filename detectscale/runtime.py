"""
Everything on one machine: broker, Redis, projector, autoscaler and worker processes.

Stops in the order in which things depend on each other, whatever ends the block:
the autoscaler, the workers (drained), the projector, Redis, Kafka.
"""

import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from subprocess import Popen

from autoscaler.autoscale import OnDecision, run
from autoscaler.local_fleet import LocalFleet
from autoscaler.policy_settings import PolicySettings
from detectscale.embedded.child import last_line, running
from detectscale.embedded.kafka_server import EmbeddedKafka
from detectscale.embedded.redis_server import EmbeddedRedis
from detectscale.places import Places, reached
from detectscale.settings import CONFIG_VARIABLE, Settings, overrides
from frames.errors import UnavailableError
from frames.topics import create_topics
from workers.model import load_model


class Runtime:
    """What runs on this machine for one target."""

    def __init__(self, settings: Settings, fleet: LocalFleet, projector: Popen[bytes], logs: Path) -> None:
        self.settings = settings
        """With the addresses of the servers."""
        self.fleet = fleet
        self._projector = projector
        self._logs = logs
        self._failure: BaseException | None = None

    def check(self) -> None:
        """Raise why something ended that was not told to."""
        if self._failure is not None:
            raise self._failure
        if self._projector.poll() is not None:
            log = projector_log(self._logs)
            raise UnavailableError(f"projector: ended by itself: {last_line(log)} (see {log})")

    def autoscale(self, stop: threading.Event, on_decision: OnDecision) -> None:
        """Run the autoscaler until *stop* is set; the body of its thread."""
        settings = self.settings
        try:
            run(
                settings.kafka,
                settings.topics,
                local_policy(settings),
                self.fleet,
                settings.worker.group_id,
                stop,
                on_decision,
            )
        except BaseException as error:
            self._failure = error


@contextmanager
def local_runtime(settings: Settings, places: Places, on_decision: OnDecision) -> Iterator[Runtime]:
    """
    Start everything that *settings* does not name, and stop it when the block ends.

    Args:
        on_decision: Called on the autoscaler's thread with every decision.

    Raises:
        DetectscaleError: Something cannot start; what did is stopped.
    """
    load_model(
        settings.model, places.model_cache
    )  # a wrong model is said here, once, rather than by every worker
    with ExitStack() as stack:
        settings = stack.enter_context(servers(settings, places))
        environment = _environment(settings)
        projector = stack.enter_context(_projector(environment, places))
        fleet = LocalFleet(_command("worker", places), environment, places.logs, settings.worker.drain_s)
        stack.callback(fleet.close)
        runtime = Runtime(settings, fleet, projector, places.logs)
        stack.enter_context(_autoscaling(runtime, on_decision))
        stack.enter_context(places.announced(settings))
        yield runtime


@contextmanager
def servers(settings: Settings, places: Places) -> Iterator[Settings]:
    """A broker with our topics, and a Redis: those that *settings* name, else embedded ones."""
    places.make()
    with ExitStack() as stack:
        bootstrap_servers, redis_url = settings.kafka.bootstrap_servers, settings.redis.url
        if bootstrap_servers is None:
            kafka = stack.enter_context(
                EmbeddedKafka(places.state, places.cache, settings.kafka.embedded_port)
            )
            bootstrap_servers = kafka.bootstrap_servers
        if redis_url is None:
            redis_url = stack.enter_context(EmbeddedRedis(places.state)).url
        settings = reached(settings, bootstrap_servers, redis_url)
        create_topics(settings.kafka, settings.topics)
        yield settings


def local_policy(settings: Settings) -> PolicySettings:
    """The policy where workers share this machine's cores: more of them would finish no more."""
    cores = len(os.sched_getaffinity(0))
    fitting = max(cores // settings.model.threads, 1)
    return settings.policy.model_copy(
        update={
            "max_batch": settings.worker.max_batch,
            "max_age_s": settings.worker.oldest_s,
            "max_replicas": min(settings.policy.max_replicas, fitting),
            "min_replicas": min(settings.policy.min_replicas, fitting),
        }
    )


def projector_log(logs: Path) -> Path:
    """Where the projector writes."""
    return logs / "projector.log"


def _projector(environment: Mapping[str, str], places: Places) -> AbstractContextManager[Popen[bytes]]:
    """The projector as a process of its own; it waits by itself for what it needs, so it is never unready."""
    log = projector_log(places.logs)
    return running(_command("project", places), Path.cwd(), log, environment, answers=lambda: True)


def _environment(settings: Settings) -> dict[str, str]:
    """For our child processes: they read every setting from here, and no file of the user's."""
    if settings.worker.http_port:  # each worker needs one of its own
        worker = settings.worker.model_copy(update={"http_port": 0})
        settings = settings.model_copy(update={"worker": worker})
    inherited = {name: value for name, value in os.environ.items() if name != CONFIG_VARIABLE}
    return inherited | overrides(settings)


@contextmanager
def _autoscaling(runtime: Runtime, on_decision: OnDecision) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=runtime.autoscale, args=(stop, on_decision), name="autoscaler")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _command(name: str, places: Places) -> list[str]:
    return [sys.executable, "-m", "detectscale", name, "--state-dir", str(places.state)]
