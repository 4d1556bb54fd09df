"""`detectscale lint-manifests`: its arguments, and the one call they make."""

from pathlib import Path
from typing import Annotated

import typer


def lint_manifests(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders of YAML; `-` is standard input.")],
) -> None:
    """
    Check rendered manifests against KEDA's traps and detectscale's own settings.

    Exit status: 0 clean, 1 findings, 2 a manifest cannot be read.

    Example: `kubectl kustomize manifests/overlays/gke | detectscale lint-manifests -`
    """
    import sys

    from detectscale.manifests_lint.lint import report
    from detectscale.manifests_lint.manifests import read_manifests

    if not report(read_manifests(paths, sys.stdin)):
        sys.exit(1)
