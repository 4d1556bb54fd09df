"""What the Dockerfile says, held against the files that it must agree with."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
MANIFESTS = "\n".join(file.read_text() for file in (ROOT / "manifests").rglob("*.yaml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WHEEL = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
METADATA = [PROJECT["project"]["readme"], *PROJECT["project"]["license-files"]]
PARTS = [*WHEEL["packages"], *WHEEL["force-include"], *METADATA]
"""Of the repository, from which the wheel is built."""


def test_its_targets_are_the_images_that_the_manifests_run():
    run = set(re.findall(r"(?:image|newName): detectscale/([a-z-]+)", MANIFESTS))

    assert set(re.findall(r"^FROM runtime AS (\S+)$", DOCKERFILE, re.MULTILINE)) == run


def test_its_user_is_the_one_that_the_manifests_name():
    user = set(re.findall(r"runAsUser: (\d+)", MANIFESTS)), set(re.findall(r"runAsGroup: (\d+)", MANIFESTS))

    assert re.findall(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE) == [(*user[0], *user[1])]


def test_what_the_wheel_is_built_from_reaches_the_builder():
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]

    assert sorted(let_in) == sorted(["pyproject.toml", *PARTS])


def test_the_project_without_its_code_has_all_parts_of_the_wheel():
    [made], [touched] = re.findall(r"mkdir -p (.+) \\", DOCKERFILE), re.findall(r"&& touch (.+)", DOCKERFILE)

    assert {*made.split(), *touched.split()} - {"manifests/base"} == set(PARTS)
