"""
A container as the manifests run it, by runc alone: user 10001, no capability, nothing to write to but
`/tmp` and the folder for models. It shares this host's network, where the tests' broker listens.
"""

import json
import signal
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from tests.images.shipped import Shipped

CACHE = "/var/cache/detectscale"


class Container:
    """
    Runs for the length of a `with` block.

    Args:
        folder: One that is made, for its bundle and its log.
        command: Arguments of the image's entry point.
    """

    def __init__(
        self, image: Shipped, folder: Path, command: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        folder.mkdir()
        self._runc = ["runc", "--root", str(folder / "state")]
        self._name = f"{folder.name}-{uuid.uuid4().hex[:8]}"
        self._log = folder / "log"
        self._bundle = folder
        own = dict(line.split("=", 1) for line in image.config["Env"])
        variables = own | {"XDG_CACHE_HOME": CACHE} | environment
        spec = specification(image.root, [*image.config["Entrypoint"], *command], variables)
        (folder / "config.json").write_text(json.dumps(spec))

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            run = [*self._runc, "run", "--bundle", str(self._bundle), self._name]
            self._process = subprocess.Popen(run, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._process.poll() is None:
            subprocess.run([*self._runc, "kill", self._name, "KILL"], check=False)
            self._process.wait()

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def stop(self) -> int:
        """As kubelet does; the exit status."""
        self._process.send_signal(signal.SIGTERM)  # runc hands it on
        return self._process.wait(timeout=30)

    def said(self) -> str:
        """All that it logged."""
        return self._log.read_text(errors="replace")


def specification(root: Path, command: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """A config.json (OCI runtime-spec 1.0)."""
    writable = {"/tmp": "size=64m,mode=1777", CACHE: "size=1g,mode=1777"}  # noqa: S108  # the container's own
    return {
        "ociVersion": "1.0.2",
        "process": {
            "user": {"uid": 10001, "gid": 10001},
            "args": list(command),
            "env": [f"{name}={value}" for name, value in environment.items()],
            "cwd": "/",
            "capabilities": {},
            "noNewPrivileges": True,
        },
        "root": {"path": str(root), "readonly": True},
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "dev", "options": ["nosuid", "mode=755"]},
            {"destination": "/sys", "type": "none", "source": "/sys", "options": ["rbind", "ro"]},
            *(
                {"destination": path, "type": "tmpfs", "source": "tmpfs", "options": options.split(",")}
                for path, options in writable.items()
            ),
        ],
        "linux": {"namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts")]},
    }
