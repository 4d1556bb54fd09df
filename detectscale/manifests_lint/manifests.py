"""
Rendered manifests as they come in: from files, folders or standard input.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import yaml

from frames.errors import ConfigError

STDIN = Path("-")
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job")


@dataclass(frozen=True, slots=True)
class Manifest:
    """One Kubernetes object, and where it stands."""

    file: str
    body: dict[str, Any] = field(repr=False)

    @property
    def kind(self) -> str:
        return str(self.body["kind"])

    @property
    def name(self) -> str:
        return str(self.at("metadata.name"))

    @property
    def namespace(self) -> str | None:
        """None: the one it is applied to."""
        found = self.at("metadata.namespace")
        return None if found is None else str(found)

    def at(self, path: str) -> Any:
        """
        What stands at *path*, None if nothing does.

        >>> Manifest("a.yaml", {"spec": {"replicas": 2}}).at("spec.replicas")
        2
        """
        found: Any = self.body
        for key in path.split("."):
            found = found.get(key) if isinstance(found, dict) else None
        return found

    def number(self, path: str, default: float | None = None) -> Any:
        """
        The number at *path*, else *default*.

        Raises:
            ConfigError: Something else stands there.
        """
        found = self.at(path)
        if found is None:
            return default
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise ConfigError(f"{self.place}: {path}: a number is expected, got {found!r}")
        return found

    def mapping(self, path: str) -> dict[str, Any]:
        """The mapping at *path*; empty if there is none."""
        return mapping(self.at(path))

    def mappings(self, path: str) -> list[dict[str, Any]]:
        """The mappings listed at *path*."""
        return mappings(self.at(path))

    @property
    def containers(self) -> list[dict[str, Any]]:
        """Of a workload's pods, those that run before the others too."""
        pod = "spec.template.spec"
        return [*self.mappings(f"{pod}.initContainers"), *self.mappings(f"{pod}.containers")]

    @property
    def place(self) -> str:
        """
        As people name it.

        >>> Manifest("a.yaml", {"kind": "Service", "metadata": {"name": "worker"}}).place
        'a.yaml: Service worker'
        """
        return f"{self.file}: {self.kind} {self.name}"


def mapping(found: Any) -> dict[str, Any]:
    """*found* if it is a mapping, else an empty one: kubectl says what is no manifest at all."""
    return found if isinstance(found, dict) else {}


def mappings(found: Any) -> list[dict[str, Any]]:
    """The mappings in *found* if it is a list."""
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def read_manifests(paths: Iterable[Path], stdin: TextIO) -> list[Manifest]:
    """
    Read every manifest at *paths*: files, folders, or `-` for *stdin*.

    Raises:
        ConfigError: One cannot be read, or there is none at all.
    """
    manifests = [manifest for path in paths for manifest in _read(path, stdin)]
    if not manifests:
        raise ConfigError(
            "lint-manifests: no Kubernetes object found; give it what `kubectl kustomize FOLDER` prints"
        )
    return manifests


def _read(path: Path, stdin: TextIO) -> Iterator[Manifest]:
    if path == STDIN:
        return _parsed("stdin", stdin.read())
    try:
        if path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.suffix in (".yaml", ".yml"))
            return iter([one for file in files for one in _parsed(str(file), file.read_text())])
        return _parsed(str(path), path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}; name a file or folder of YAML") from error


def _parsed(file: str, text: str) -> Iterator[Manifest]:
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise ConfigError(f"{file}: not YAML: {' '.join(str(error).split())}") from error
    for document in documents:
        if isinstance(document, dict) and "kind" in document and "apiVersion" in document:
            entries = document.get("items") if document["kind"] == "List" else [document]
            yield from (_checked(file, entry) for entry in entries or [])


def _checked(file: str, body: Any) -> Manifest:
    metadata = body.get("metadata") if isinstance(body, dict) else None
    if not isinstance(metadata, dict) or not {"kind", "apiVersion"} <= body.keys() or "name" not in metadata:
        raise ConfigError(f"{file}: not a Kubernetes object with a kind and a name: {str(body)[:80]}")
    return Manifest(file, body)
