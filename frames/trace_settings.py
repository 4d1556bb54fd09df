"""
Where spans go: the `traces` section of the settings.

In a file of its own, since `tracing.py` imports OpenTelemetry, which is an extra and
takes 0.04 s: whoever traces nothing never imports it.
"""

from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from frames.errors import ConfigError

if TYPE_CHECKING:
    from frames.tracing import Tracing


class TraceSettings(BaseModel, frozen=True, extra="forbid"):
    """Whether a frame's way is traced: the `traces` section of the settings."""

    endpoint: str | None = Field(default=None, pattern=r"^https?://")
    """
    A collector's OTLP over HTTP: `http://collector:4318/v1/traces`; None: no spans.

    How many frames are traced, and with which headers a collector lets us in, say
    OpenTelemetry's own variables: OTEL_TRACES_SAMPLER(_ARG), OTEL_EXPORTER_OTLP_HEADERS.
    """


def start_tracing(settings: TraceSettings, service: str, instance: str) -> "Tracing | None":
    """
    Connect to the collector, which need not be there yet; None: tracing is off.

    Args:
        service, instance: What spans say of their origin: `detectscale-worker`, and its id.

    Raises:
        ConfigError: OpenTelemetry is not installed.
    """
    if settings.endpoint is None:
        return None
    try:
        from frames.tracing import Tracing, exporting

        return Tracing(exporting(settings.endpoint, service, instance))
    except ImportError as error:
        raise ConfigError(
            f"traces.endpoint: OpenTelemetry is missing ({error.name}): pip install 'detectscale[traces]'"
        ) from error
