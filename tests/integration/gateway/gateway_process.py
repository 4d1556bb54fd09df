"""
A gateway as a process: `python gateway_process.py GATEWAY_SETTINGS [after-ack | after-remember]`.

The other settings come from the environment. With a second argument it kills itself at that point of the
first frame: the broker has acknowledged it (and Redis remembers it), and nobody has been answered.
"""

import logging
import os
import signal
import sys

from detectscale.gateway import run_gateway
from detectscale.settings import load_settings
from frames.gateway.gateway_settings import GatewaySettings
from frames.gateway.intake import Intake
from frames.gateway.projection_lookup import ProjectionLookup


def killing(owner: type, name: str) -> None:
    """Let the method *name* be the last thing that this process does."""
    method = getattr(owner, name)

    async def last(*arguments: object) -> None:
        await method(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, last)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    if "after-ack" in sys.argv:
        killing(Intake, "send")
    if "after-remember" in sys.argv:
        killing(ProjectionLookup, "remember")
    run_gateway(load_settings(None, os.environ), GatewaySettings.model_validate_json(sys.argv[1]))
