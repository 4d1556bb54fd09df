"""`detectscale lint-manifests`: its arguments, and the one call they make."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from detectscale.commands.options import Config, settings_of
from frames.errors import ConfigError


def lint_manifests(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders of YAML; `-` is standard input.")
    ] = None,
    generate: Annotated[
        str | None,
        typer.Option(
            metavar="DEPLOYMENT", help="Instead: print the ScaledObject for it that fits the settings."
        ),
    ] = None,
    namespace: Annotated[str, typer.Option(help="With --generate: of Deployment and autoscaler.")] = (
        "detectscale"
    ),
    target: Annotated[
        str | None, typer.Option(help="With --generate: one of `adapter.targets`, if there are several.")
    ] = None,
    config: Config = None,
) -> None:
    """
    Check rendered manifests against KEDA's traps and detectscale's own settings.

    Exit status: 0 clean, 1 findings, 2 a manifest cannot be read.

    Example: `kubectl kustomize manifests/overlays/gke | detectscale lint-manifests -`

    Example: `detectscale lint-manifests --generate my-worker --namespace shop | kubectl apply -f -`
    """
    if (generate is None) == (not paths):
        raise ConfigError("lint-manifests: name files to check, or a Deployment by --generate")
    if generate is not None:
        from detectscale.manifests_lint.scaled_object import generate as generated

        print(generated(settings_of(config), generate, namespace, target), end="")
        return
    from detectscale.manifests_lint.lint import report
    from detectscale.manifests_lint.manifests import read_manifests

    if not report(read_manifests(paths or [], sys.stdin)):
        sys.exit(1)
