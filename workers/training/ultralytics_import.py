"""Import Ultralytics so that it neither downloads nor installs nor runs anything of others."""

import atexit
import os
import shutil
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
        ConfigError: It is not installed, or was imported before without all this: then it would run
            the code in a file of weights.
    """
    os.environ.update(ENVIRONMENT)
    if "YOLO_CONFIG_DIR" not in os.environ:
        folder = tempfile.mkdtemp(prefix="ultralytics-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ["YOLO_CONFIG_DIR"] = folder
    try:
        from ultralytics.utils import SAFE_LOAD  # it reads its environment once, here
    except ImportError as error:
        raise ConfigError(
            f"{error.name} is not installed: pip install 'detectscale[ultralytics]' (AGPL-3.0, see NOTICE)"
        ) from error
    if not SAFE_LOAD:
        raise ConfigError(
            "ultralytics was imported before detectscale could make it load weights safely; import it later, "
            "or set ULTRALYTICS_SAFE_LOAD=true"
        )
