"""
Import OpenVINO so that it tells nobody.

Its converter is imported with it, and reports that to its maker: over the internet, from a process
that it forks of ours, which outlives us where nothing answers. Without the package for it
(`openvino_telemetry`) a stub takes its place (openvino/tools/ovc/telemetry_utils.py).
"""

import sys
from types import ModuleType

from frames.errors import ConfigError


def import_openvino() -> ModuleType:
    """
    The package.

    Raises:
        ConfigError: It is not installed.
    """
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # that is how an import is refused
    try:
        import openvino
    except ImportError as error:
        raise ConfigError("OpenVINO is not installed: pip install 'detectscale[openvino]'") from error
    return openvino  # type: ignore[no-any-return]  # it publishes no types
