"""Import Ultralytics so that it neither downloads nor installs nor runs anything of others."""

import os
import tempfile

ENVIRONMENT = {
    "ULTRALYTICS_SAFE_LOAD": "true",
    "YOLO_AUTOINSTALL": "false",
    "YOLO_OFFLINE": "true",
    "YOLO_VERBOSE": "false",
}


def import_ultralytics() -> None:
    """Import the package; its settings go to a temporary folder, not to the user's home."""
    os.environ.update(ENVIRONMENT)
    if "YOLO_CONFIG_DIR" not in os.environ:
        os.environ["YOLO_CONFIG_DIR"] = tempfile.mkdtemp(prefix="ultralytics-")
    import ultralytics  # noqa: F401  # reads its environment once, here
