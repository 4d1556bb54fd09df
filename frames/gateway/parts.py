"""
What the routes need, made once (`detectscale.gateway` does).
"""

from collections.abc import Callable
from dataclasses import dataclass

from frames.gateway.allowance import Allowances
from frames.gateway.api_keys import ApiKeys
from frames.gateway.fleet_board import FleetBoard
from frames.gateway.fleet_cost import FleetCost
from frames.gateway.frame_desk import FrameDesk
from frames.gateway.frame_images import FrameImages
from frames.gateway.gateway_metrics import GatewayMetrics
from frames.gateway.gateway_settings import GatewaySettings
from frames.gateway.inflow import Inflow
from frames.gateway.letter_desk import LetterDesk
from frames.gateway.outcome_board import OutcomeBoard


@dataclass(frozen=True, slots=True)
class Parts:
    """The gateway, without HTTP."""

    settings: GatewaySettings
    keys: ApiKeys | None
    """None: there are none, and only this machine may call."""
    allowances: Allowances
    inflow: Inflow
    desk: FrameDesk
    board: OutcomeBoard
    fleet: FleetBoard
    fleet_cost: FleetCost
    images: FrameImages
    letters: LetterDesk
    metrics: GatewayMetrics
    largest_image_bytes: int
    expiry_s: float | None
    """Seconds from capture after which nobody wants a result; None: never."""
    not_ready: Callable[[], str | None]
    """Why it should be sent no requests; None: it may."""
    wall_clock: Callable[[], float]
    """Seconds since the epoch."""
    monotonic: Callable[[], float]
    """Seconds, never set back."""
