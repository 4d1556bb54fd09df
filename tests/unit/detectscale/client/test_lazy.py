"""The clients are names of `detectscale` that cost nothing until they are used."""

import subprocess
import sys

import pytest

import detectscale


def test_every_command_imports_the_package_and_none_pays_for_the_client():
    code = "import sys, detectscale; print(*({'httpx', 'pydantic'} & set(sys.modules)))"

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert shown.stdout.split() == []


def test_the_clients_are_there_and_nothing_else_is():
    assert detectscale.Client.__name__ == "Client"
    assert detectscale.AsyncClient.__name__ == "AsyncClient"
    with pytest.raises(AttributeError, match="has no attribute 'Clinet'"):
        detectscale.Clinet  # noqa: B018  # asked for, and not there
