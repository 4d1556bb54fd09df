"""
`detectscale gateway`: the front door as one process, until SIGTERM.
"""

import asyncio
import logging
import random
import resource
import sys
import time
from importlib.metadata import version

from detectscale.settings import Settings
from frames.gateway.allowance import Allowances
from frames.gateway.api_keys import ApiKeys, new_key
from frames.gateway.app import gateway_app
from frames.gateway.daily_frames import SAVE_EVERY_S, DailyFrames
from frames.gateway.frame_desk import FrameDesk
from frames.gateway.gateway_metrics import GatewayMetrics
from frames.gateway.gateway_settings import GatewaySettings
from frames.gateway.http_server import HttpServer, run_in_loop
from frames.gateway.inflow import Inflow
from frames.gateway.intake import Intake
from frames.gateway.outcome_board import OutcomeBoard
from frames.gateway.outcome_reader import OutcomeReader
from frames.gateway.parts import Parts
from frames.gateway.projection_lookup import ProjectionLookup, connect, gateway_prefix
from frames.publisher import OnAcknowledged, OnFailed, Publisher, largest_image_bytes
from frames.topics import create_topics
from frames.trace_settings import start_tracing

log = logging.getLogger(__name__)

OTHER_FILES = 256
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
    def publishing(on_acknowledged: OnAcknowledged, on_failed: OnFailed) -> Publisher:
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

    redis = connect(settings.redis)
    days = DailyFrames(redis, gateway_prefix(settings.redis))
    allowances = Allowances(gateway.limits, gateway.tenants, days)
    board = OutcomeBoard()
    loop = asyncio.get_running_loop()
    outcomes = OutcomeReader(settings.kafka, settings.topics, loop, board.deliver, random.SystemRandom())
    intake = Intake(publishing, gateway.accept_timeout_s)
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
    parts = Parts(
        settings=gateway,
        keys=keys,
        allowances=allowances,
        inflow=inflow,
        desk=desk,
        board=board,
        metrics=metrics,
        largest_image_bytes=largest_image_bytes(settings.claim_checks),
        expiry_s=settings.publisher.expiry_s,
        not_ready=lambda: None if outcomes.reading else "the outcome topics are not being read",
        wall_clock=time.time,
        monotonic=time.monotonic,
    )
    server = HttpServer(gateway, gateway_app(parts, version("detectscale")), board.close)
    saving = asyncio.create_task(_save_days(days, keys))
    outcomes.start()
    if keys is None:
        log.info("gateway: no API keys (gateway.keys_file): only this machine may call")
    log.info("gateway: listening at %s", server.address)
    try:
        await server.serve([server.listening])
    finally:
        await intake.close(FLUSH_S)
        await asyncio.to_thread(outcomes.stop)
        saving.cancel()
        await days.save((), time.time())
        await desk.lookup.close()
    log.info("gateway: stopped")


async def _save_days(days: DailyFrames, keys: ApiKeys | None) -> None:
    while keys is not None:
        await days.save(keys.tenants, time.time())
        await asyncio.sleep(SAVE_EVERY_S)
