"""
`detectscale up`: everything on this machine, until Ctrl-C.
"""

import logging

from autoscaler.decision import Decision
from autoscaler.observation import Observation
from detectscale.local_gateway import local_gateway
from detectscale.places import Places
from detectscale.runtime import local_runtime
from detectscale.service import stop_on_signals
from detectscale.settings import Settings
from frames.projection import place

log = logging.getLogger(__name__)


class DecisionLog:
    """Logs each decision that changes the replica count."""

    def __init__(self) -> None:
        self._replicas = 0

    def __call__(self, observation: Observation, decision: Decision) -> None:
        if decision.replicas != self._replicas:
            log.info("%d → %s", self._replicas, decision.explain())
        self._replicas = decision.replicas


def run_up(settings: Settings, places: Places, gateway_port: int) -> None:
    """
    Run broker, Redis, projector, autoscaler, workers and gateway until SIGINT or SIGTERM; drain then.

    Args:
        gateway_port: Where the gateway listens on this machine; 0 takes a free port.

    Raises:
        DetectscaleError: Something cannot start, or the workers cannot run as they are configured.
    """
    with (
        local_runtime(settings, places, DecisionLog()) as runtime,
        local_gateway(runtime.settings, places, gateway_port) as gateway,
    ):
        stop = stop_on_signals()
        kafka, redis = runtime.settings.kafka, runtime.settings.redis
        log.info("Kafka at %s, Redis at %s", kafka.bootstrap_servers, place(redis))
        log.info("gateway at %s (what happens, and why), %s/playground (try a picture)", gateway, gateway)
        log.info("logs in %s; workers start when frames come; Ctrl-C drains and stops", places.logs)
        while not stop.wait(0.2):
            runtime.check()
        log.info("draining workers, then stopping servers; Ctrl-C again stops at once")
