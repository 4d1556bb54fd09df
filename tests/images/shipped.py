"""An image as a registry would ship it: layers of files and a configuration, from a docker-archive."""

import json
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from shutil import rmtree
from typing import Any

DELETED = ".wh."
"""Before a name in a layer: a file or folder of a layer below is gone (OCI image-spec)."""


@dataclass(frozen=True)
class Shipped:
    """One image, unpacked."""

    target: str
    root: Path
    """All layers, one upon the other, with owners and modes."""
    layers: tuple[int, ...]
    """Bytes of each, uncompressed; the base's first, the project's last."""
    config: Mapping[str, Any]
    """User, environment, entry point."""

    @cached_property
    def modes(self) -> list[tuple[Path, int]]:
        """Files and folders by their path in the image, each with its type and permissions."""
        return [
            (Path("/") / path.relative_to(self.root), path.lstat().st_mode) for path in self.root.rglob("*")
        ]

    def on_disk(self, path: Path) -> Path:
        """Where a file of the image lies on this machine."""
        return self.root / path.relative_to("/")


def unpack(target: str, archive: Path, root: Path) -> Shipped:
    """Unpack *archive* below *root*, as root."""
    sizes = []
    with tarfile.open(archive) as outer:
        manifest = json.load(outer.extractfile("manifest.json"))[0]  # type: ignore[arg-type]  # it is a file
        config = json.load(outer.extractfile(manifest["Config"]))["config"]  # type: ignore[arg-type]
        for name in manifest["Layers"]:
            sizes.append(outer.getmember(name).size)
            with tarfile.open(fileobj=outer.extractfile(name)) as layer:
                _delete(layer.getnames(), root)
            _apply(archive, name, root)
    return Shipped(target, root, tuple(sizes), config)


def _delete(names: list[str], root: Path) -> None:
    """What a layer takes away from those below it."""
    for name in map(PurePosixPath, names):
        if name.name.startswith(DELETED):
            gone = root / name.with_name(name.name.removeprefix(DELETED))
            if gone.is_dir() and not gone.is_symlink():
                rmtree(gone)
            else:
                gone.unlink(missing_ok=True)


def _apply(archive: Path, layer: str, root: Path) -> None:
    """Unpack *layer*, an archive within *archive*, over those below it."""
    read = ["tar", "-xOf", str(archive), layer]
    write = ["tar", "-x", "--numeric-owner", "--same-permissions", f"--exclude={DELETED}*", "-C", str(root)]
    with subprocess.Popen(read, stdout=subprocess.PIPE) as reading:
        subprocess.run(write, stdin=reading.stdout, check=True)
