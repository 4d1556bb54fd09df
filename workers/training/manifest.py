"""What is said of a model in a file beside it: who vouches for it, what it finds, how it was made."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml

from workers.training.evaluate import MeanAveragePrecision

LICENCE = "AGPL-3.0, as Ultralytics' code for the architecture is"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One format of a model."""

    file: str
    """Name without folder: it lies beside the manifest."""
    sha256: str
    """Hexadecimal."""
    size_bytes: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """Describe the file at *path*."""
        content = path.read_bytes()
        return cls(path.name, hashlib.sha256(content).hexdigest(), len(content))


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that is said of one model."""

    name: str
    files: dict[str, ModelFile]
    """By format: `onnx`, `pt`."""
    labels: tuple[str, ...]
    """In the order of class ids."""
    width: int
    """Of the input, in pixels."""
    height: int
    head: str
    """`end-to-end` or `one-to-many`, see `export`."""
    accuracy: MeanAveragePrecision | None = None
    """None: not measured."""
    evaluated_on: str | None = None
    """The images that `accuracy` was measured on."""
    command: str | None = None
    """The command that made the weights; None: not known."""

    def write(self, path: Path) -> None:
        """Write YAML in which what is not known does not occur."""
        content = {
            "name": self.name,
            "files": {
                kind: {"file": file.file, "sha256": file.sha256, "size_bytes": file.size_bytes}
                for kind, file in self.files.items()
            },
            "labels": list(self.labels),
            "input": {"width": self.width, "height": self.height},
            "head": self.head,
            **self._accuracy(),
            **({"command": self.command} if self.command else {}),
            "licence": LICENCE,
        }
        path.write_text(yaml.safe_dump(content, sort_keys=False, width=110))

    def _accuracy(self) -> dict[str, Any]:
        if not self.accuracy:
            return {}
        return {
            "map50": round(self.accuracy.map50, 3),
            "map50_95": round(self.accuracy.map50_95, 3),
            "ap50_by_label": {label: round(ap, 3) for label, ap in self.accuracy.ap50_by_label.items()},
            "evaluated_on": self.evaluated_on,
        }
