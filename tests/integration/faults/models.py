"""The bundled model as one of the user's own."""

import hashlib
import shutil
from pathlib import Path

from workers.model import BUNDLED


def copied(folder: Path, name: str = BUNDLED.name) -> Path:
    """A copy of the bundled model in *folder*, with its manifest beside it."""
    shutil.copy(BUNDLED.with_suffix(".yaml"), folder / Path(name).with_suffix(".yaml"))
    return Path(shutil.copy(BUNDLED, folder / name))


def digest(path: Path) -> str:
    """sha256 of the file, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
