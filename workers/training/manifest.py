"""What is said of a model in a file beside it: who vouches for it, what it finds, how it was made."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import yaml

from workers.model_digest import digest_of, size_of
from workers.training.evaluate import MeanAveragePrecision

LICENCE = "AGPL-3.0, as Ultralytics' code for the architecture is"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One format of a model."""

    file: str
    """Name of a file or folder, beside the manifest."""
    sha256: str
    """See `digest_of`."""
    size_bytes: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """Describe the file or folder at *path*."""
        return cls(path.name, digest_of(path), size_of(path))


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that is said of one model."""

    name: str
    files: dict[str, ModelFile]
    """By format: `onnx`, `openvino`, `torchscript`, `engine`, `pt`."""
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
        path.write_text(yaml.safe_dump(self._content(), sort_keys=False, width=110))

    def _content(self) -> dict[str, Any]:
        return {
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

    def beside(self, path: Path) -> Self:
        """
        With the other formats that the manifest at *path* vouches for, if that is of the same model:
        same labels, input and head. A file that has changed since is left out.
        """
        found = yaml.safe_load(path.read_text()) if path.exists() else None
        if not isinstance(found, dict) or _model_of(found) != _model_of(self._content()):
            return self
        kept = {
            kind: ModelFile(**file)
            for kind, file in found["files"].items()
            if kind not in self.files
            and (path.parent / file["file"]).exists()
            and digest_of(path.parent / file["file"]) == file["sha256"]
        }
        return replace(self, files=self.files | kept)

    def _accuracy(self) -> dict[str, Any]:
        if not self.accuracy:
            return {}
        return {
            "map50": round(self.accuracy.map50, 3),
            "map50_95": round(self.accuracy.map50_95, 3),
            "ap50_by_label": {label: round(ap, 3) for label, ap in self.accuracy.ap50_by_label.items()},
            "evaluated_on": self.evaluated_on,
        }


def _model_of(content: dict[str, Any]) -> list[Any]:
    return [content.get(key) for key in ("name", "labels", "input", "head")]
