"""
`detectscale gateway`: the front door as one process, until SIGTERM.
"""

import asyncio
import logging
import random
import resource
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from typing import Any, TypeVar

from detectscale.dashboard.journal_view import JournalView
from detectscale.settings import Settings
from frames.claim_check import ClaimChecks
from frames.gateway.allowance import Allowances
from frames.gateway.api_keys import ApiKeys, new_key
from frames.gateway.app import gateway_app
from frames.gateway.arrival import arrival
from frames.gateway.daily_frames import SAVE_EVERY_S, DailyFrames
from frames.gateway.fleet_board import FleetBoard
from frames.gateway.fleet_cost import FleetCost
from frames.gateway.fleet_history import KEPT_S
from frames.gateway.frame_desk import FrameDesk
from frames.gateway.frame_images import FrameImages
from frames.gateway.gateway_metrics import GatewayMetrics
from frames.gateway.gateway_settings import GatewaySettings
from frames.gateway.http_server import HttpServer, run_in_loop
from frames.gateway.inflow import Inflow
from frames.gateway.intake import Intake
from frames.gateway.letter_desk import LetterDesk
from frames.gateway.outcome_board import OutcomeBoard
from frames.gateway.parts import Parts
from frames.gateway.projection_lookup import ProjectionLookup, connect, gateway_prefix
from frames.gateway.topic_reader import TopicReader
from frames.publisher import OnAcknowledged, OnFailed, Publisher, largest_image_bytes
from frames.topics import create_topics
from frames.trace_settings import start_tracing

log = logging.getLogger(__name__)

T = TypeVar("T")

OTHER_FILES = 256
OUTCOMES_BEFORE_S = 30.0
"""The outcomes of so long before the start are read too: those that Redis may not hold yet."""
FLUSH_S = 10.0
"""What is sent and not acknowledged has so long, after the last request is answered."""


def run_gateway(settings: Settings, gateway: GatewaySettings) -> None:
    """
    Serve until SIGINT or SIGTERM; what was accepted is flushed then.

    Raises:
        DetectscaleError: The address is taken, a file of keys is wrong, or the broker does not answer.
    """
    keys = ApiKeys(gateway.keys_file) if gateway.keys_file else None
    create_topics(settings.kafka, settings.topics, needed=(settings.topics.frames, *settings.topics.outcomes))
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # it has a line for every malformed request
    _allow_open_files(gateway.max_connections + OTHER_FILES)
    run_in_loop(lambda: _serve(settings, gateway, keys))


def print_new_key(tenant: str, keys_file: str | None) -> None:
    """Print a new key of *tenant*, once and never again, and the line to keep."""
    key, line = new_key(tenant)
    print(key)
    place = keys_file or "the file that gateway.keys_file names"
    print(f"# show the key above to {tenant}; add this line to {place}:", file=sys.stderr)
    print(line)


def _allow_open_files(wanted: int) -> None:
    """Raise the soft limit, often 1024, as far as we may: each connection is a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        enough = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))


async def _serve(settings: Settings, gateway: GatewaySettings, keys: ApiKeys | None) -> None:
    redis = connect(settings.redis)
    days = DailyFrames(redis, gateway_prefix(settings.redis))
    allowances = Allowances(gateway.limits, gateway.tenants, days)
    board = OutcomeBoard()
    outcomes = _reader(
        settings,
        settings.topics.outcomes,
        OUTCOMES_BEFORE_S,
        partial(arrival, settings.topics),
        board.deliver,
    )
    fleet = FleetBoard()
    journal = JournalView()
    decisions = _reader(settings, (settings.topics.decisions,), KEPT_S, journal.read, fleet.deliver)
    large = ClaimChecks(settings.claim_checks)
    intake = Intake(
        partial(_publisher, settings, gateway),
        lambda image: large.put(image, time.time()),
        gateway.accept_timeout_s,
    )
    inflow = Inflow(gateway.inflow_bytes, gateway.body_timeout_s)
    metrics = GatewayMetrics()
    metrics.observe(intake, board, inflow)
    desk = FrameDesk(
        intake,
        board,
        ProjectionLookup(redis, settings.redis),
        allowances,
        time.time,
        gateway.idempotency_s,
        settings.topics.frames_retention_s,
    )
    images = FrameImages(settings.kafka, settings.topics, large)
    parts = Parts(
        settings=gateway,
        keys=keys,
        allowances=allowances,
        inflow=inflow,
        desk=desk,
        board=board,
        fleet=fleet,
        fleet_cost=FleetCost(journal.keda_cost, time.monotonic),
        images=images,
        letters=LetterDesk(settings.kafka, settings.topics, time.monotonic),
        metrics=metrics,
        largest_image_bytes=largest_image_bytes(settings.claim_checks),
        expiry_s=settings.publisher.expiry_s,
        not_ready=lambda: None if outcomes.reading else "the outcome topics are not being read",
        wall_clock=time.time,
        monotonic=time.monotonic,
    )

    def let_go() -> None:
        board.close()
        fleet.close()

    server = HttpServer(gateway, gateway_app(parts, version("detectscale")), let_go)
    saving = asyncio.create_task(_save_days(days, keys))
    outcomes.start()
    decisions.start()
    if keys is None:
        log.info("gateway: no API keys (gateway.keys_file): only this machine may call")
    log.info("gateway: listening at %s", server.address)
    try:
        await server.serve(server.listening)
    finally:
        await intake.close(FLUSH_S)
        stopping = (outcomes.stop, decisions.stop, images.close)
        await asyncio.gather(*(asyncio.to_thread(stop) for stop in stopping))
        saving.cancel()
        await days.save((), time.time())
        await desk.lookup.close()
    log.info("gateway: stopped")


def _publisher(
    settings: Settings, gateway: GatewaySettings, on_acknowledged: OnAcknowledged, on_failed: OnFailed
) -> Publisher:
    return Publisher(
        settings.kafka,
        settings.topics,
        settings.publisher,
        claim_checks=settings.claim_checks,
        check_images=False,  # they are, where their sender can be told
        on_acknowledged=on_acknowledged,
        on_failed=on_failed,
        tracing=start_tracing(settings.traces, "detectscale-gateway", gateway.host),
    )


def _reader(
    settings: Settings,
    topics: Sequence[str],
    before_s: float,
    read: Callable[[Any], T | None],
    deliver: Callable[[Sequence[T]], None],
) -> TopicReader[T]:
    return TopicReader(
        settings.kafka, topics, before_s, read, deliver, asyncio.get_running_loop(), random.SystemRandom()
    )


async def _save_days(days: DailyFrames, keys: ApiKeys | None) -> None:
    while keys is not None:
        await days.save(keys.tenants, time.time())
        await asyncio.sleep(SAVE_EVERY_S)
