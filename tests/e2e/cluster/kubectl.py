"""kubectl, as this host's user; the one way by which harness and tests talk to the API server."""

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class KubectlError(Exception):
    """It refused; the message is what it said."""


class Kubectl:
    """Runs `kubectl` with one kubeconfig, in one namespace or in that which each object names."""

    def __init__(self, program: str, kubeconfig: str, namespace: str | None = None) -> None:
        self._command = [program, f"--kubeconfig={kubeconfig}"]
        self._command += [f"--namespace={namespace}"] if namespace else []
        self._program, self._kubeconfig = program, kubeconfig

    def within(self, namespace: str) -> "Kubectl":
        """The same, in another namespace."""
        return Kubectl(self._program, self._kubeconfig, namespace)

    def __call__(self, *arguments: str, given: str | None = None, timeout_s: float = 120) -> str:
        """What it prints; raises `KubectlError`."""
        done = subprocess.run(
            [*self._command, *arguments],
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )
        if done.returncode != 0:
            raise KubectlError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def accepts(self, *arguments: str) -> bool:
        """Whether it ends with success; anything else may be asked again."""
        try:
            self(*arguments, timeout_s=10)
        except (KubectlError, subprocess.TimeoutExpired):
            return False
        return True

    def get(self, *arguments: str) -> dict[str, Any]:
        """An object, or a list of them in `items`."""
        answer: dict[str, Any] = json.loads(self("get", *arguments, "--output=json"))
        return answer

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Create or change objects."""
        given = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        self("apply", "--server-side", "--force-conflicts", "--filename=-", given=given)

    def apply_files(self, files: Iterable[Path]) -> None:
        """The same from files and folders; server-side, because KEDA's ScaledJob is too large otherwise."""
        names = [f"--filename={file}" for file in files]
        self("apply", "--server-side", "--force-conflicts", *names)

    @contextmanager
    def stream(self, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
        """Run it for the length of the block, to be read line by line."""
        process = subprocess.Popen(
            [*self._command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        with process:
            try:
                yield process
            finally:
                process.kill()
