"""Import Ultralytics so that it neither downloads nor installs nor runs anything of others."""

import os
import tempfile

from frames.errors import ConfigError

ENVIRONMENT = {
    "ULTRALYTICS_SAFE_LOAD": "true",
    "YOLO_AUTOINSTALL": "false",
    "YOLO_OFFLINE": "true",
    "YOLO_VERBOSE": "false",
}


def import_ultralytics() -> None:
    """
    Import the package; its settings go to a temporary folder, not to the user's home.

    Raises:
        ConfigError: It is not installed.
    """
    os.environ.update(ENVIRONMENT)
    if "YOLO_CONFIG_DIR" not in os.environ:
        os.environ["YOLO_CONFIG_DIR"] = tempfile.mkdtemp(prefix="ultralytics-")
    try:
        import ultralytics  # noqa: F401  # reads its environment once, here
    except ImportError as error:
        raise ConfigError(
            f"{error.name} is not installed: pip install 'detectscale[ultralytics]' (AGPL-3.0, see NOTICE)"
        ) from error
