"""
A Python with Ultralytics, torch and kafka-python: it exports the weights and runs the naive program.

Ours may be one (`pip install -e '.[demo,ultralytics]'`); another may be named.
"""

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.pipeline.asking import answer_of
from frames.errors import ConfigError
from workers.training.ultralytics_import import ENVIRONMENT

HERE = Path(__file__).parent
WEIGHTS = HERE.parents[1] / "workers" / "bundled" / "store-yolo26n.pt"
NEEDED = ("crc32c", "cv2", "kafka", "onnx", "torch", "torchvision", "ultralytics")
EXPORT = """
import pathlib, sys
from workers.training.export import export
export(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), width=640, height=640)
"""


@dataclass(frozen=True, slots=True)
class TorchPython:
    """One that has all that is needed."""

    path: str
    environment: dict[str, str] = field(repr=False)

    def export(self, folder: Path) -> Path:
        """Write the bundled weights for an input of 640x640 pixels into *folder*, with a manifest."""
        model = folder / "store-640.onnx"
        answer_of([self.path, "-c", EXPORT, str(WEIGHTS), str(model)], self.environment)
        return model

    def predict(self, pictures: Path, size: int, seconds: float) -> dict[str, float]:
        """What `predict.py` measures."""
        script = [self.path, str(HERE / "predict.py"), str(pictures), str(WEIGHTS), str(size), str(seconds)]
        measured: dict[str, float] = json.loads(answer_of(script, self.environment))
        return measured

    def naive(self, broker: str | None, frames: str, results: str, group: str, size: int) -> list[str]:
        """The command that runs `naive.py`."""
        given = [str(broker), frames, results, group, str(WEIGHTS), str(size)]
        return [self.path, str(HERE / "naive.py"), *given]


def find_torch_python(path: Path | None, scratch: Path) -> TorchPython | str:
    """
    The Python at *path* (None: this one), or in one line what it lacks.

    Args:
        scratch: For what Ultralytics writes at its first start.

    Raises:
        ConfigError: There is no Python at *path*.
    """
    python = sys.executable if path is None else str(path)
    roots = [str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | ENVIRONMENT | {"YOLO_CONFIG_DIR": str(scratch)}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, roots))
    look = f"from importlib.util import find_spec; print(*[n for n in {NEEDED} if find_spec(n) is None])"
    try:
        lacking = answer_of([python, "-c", look], environment)
    except OSError as error:
        raise ConfigError(f"--naive-python {path}: {error.strerror}") from error
    if lacking:
        return (
            f"the Python at {python} lacks {', '.join(lacking.split())}: "
            "pip install -e '.[demo,ultralytics]', or name another with --naive-python"
        )
    return TorchPython(python, environment)
