"""What is in an image, and what is not."""

import re
import stat
from importlib.util import cache_from_source
from pathlib import Path

import pytest

MIB = 2**20
PROJECT_MIB = 25
"""Of the last layer, code and bundled model: all that a new version ships where dependencies stay."""
COMPILERS = re.compile(r"(.*-)?(cc|c99|gcc|g\+\+|c\+\+|clang|ld|as|make|pip|pip3|cargo|go)(-?[\d.]+)?")
FROM_ITS_SOURCE = b"\1\0\0\0"
"""In a .pyc after its magic number: valid whatever its source's date is, and never compared (PEP 552)."""


@pytest.mark.parametrize(("target", "limit_mib"), [("control", 570), ("worker", 640)])
def test_its_size_has_a_bound(shipped, target, limit_mib):
    layers = shipped(target).layers
    print(f"{target}: {[round(size / MIB, 1) for size in layers]} MiB")

    assert sum(layers) < limit_mib * MIB
    assert layers[-1] < PROJECT_MIB * MIB


def test_its_user_is_nobody_in_particular(image):
    assert image.config["User"] == "10001:10001"
    assert image.config["Entrypoint"] == ["detectscale"]


def test_no_file_gives_its_callers_the_rights_of_its_owner(image):
    assert not [
        file for file, mode in image.modes if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID)
    ]


def test_all_may_write_to_tmp_alone(image):
    there = [(file, mode) for file, mode in image.modes if stat.S_ISDIR(mode) or stat.S_ISREG(mode)]

    assert [file for file, mode in there if mode & stat.S_IWOTH] == [Path("/tmp")]  # noqa: S108  # the image's own


def test_it_brings_no_compiler_and_no_pip(image):
    programs = [file for file, mode in image.modes if stat.S_ISREG(mode) and mode & stat.S_IXUSR]

    assert not [file for file in programs if COMPILERS.fullmatch(file.name)]
    assert not [file for file, _ in image.modes if file.name in ("pip", "ensurepip", "setuptools")]


def test_nothing_of_the_builder_stays(image):
    left = [Path(place) for place in ("/build", "/opt/pip", "/root/.cache", "/root/.config")]
    settings = [
        file for file, mode in image.modes if file.name == "pip.conf" and image.on_disk(file).stat().st_size
    ]

    assert not [place for place in left if image.on_disk(place).exists()]
    assert not settings


def test_it_trusts_the_authorities_of_its_base_alone(image):
    bundle = image.on_disk(Path("/etc/ssl/certs/ca-certificates.crt")).read_text()
    of_debian = image.on_disk(Path("/usr/share/ca-certificates")).rglob("*.crt")

    assert bundle.count("BEGIN CERTIFICATE") == len(list(of_debian))


def test_all_python_in_it_is_compiled_for_good(image):
    sources = [
        file for file, _ in image.modes if file.suffix == ".py" and file.is_relative_to("/opt/detectscale")
    ]
    compiled = [Path(cache_from_source(str(image.on_disk(file)))) for file in sources]

    assert len(sources) > 1000
    assert not [file for file in compiled if not file.exists() or file.read_bytes()[4:8] != FROM_ITS_SOURCE]
