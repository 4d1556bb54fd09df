"""Keys of the gateway."""

import os
from hashlib import sha256

import pytest

from detectscale.gateway import print_new_key
from frames.errors import ConfigError
from frames.gateway.api_keys import ApiKeys, new_key
from frames.gateway.tenant import Tenant


@pytest.fixture
def file(tmp_path):
    return tmp_path / "keys"


def replace(file, text):
    """As Kubernetes does: another file takes its place."""
    draft = file.with_suffix(".draft")
    draft.write_text(text)
    os.replace(draft, file)


def test_a_key_names_its_tenant_and_the_file_holds_only_its_hash(file):
    key, line = new_key("shop-1")
    file.write_text(f"# keys\n\n{line}  # since Monday\n")

    keys = ApiKeys(str(file))

    assert keys.holder(key) == Tenant("shop-1")
    assert key not in line
    assert keys.tenants == ["shop-1"]


@pytest.mark.parametrize("given", ["", "ds_", "é", "x" * 100_000])
def test_what_is_no_key_is_nobodys(file, given):
    file.write_text(new_key("shop-1")[1])

    assert ApiKeys(str(file)).holder(given) is None


def test_a_hash_is_not_taken_for_its_key(file):
    line = new_key("shop-1")[1]
    file.write_text(line)

    assert ApiKeys(str(file)).holder(line.split()[1]) is None


def test_an_operators_key_says_so(file):
    key, line = new_key("head-office")
    file.write_text(f"{line} operator")

    holder = ApiKeys(str(file)).holder(key)

    assert holder is not None
    assert holder.operator


def test_a_changed_file_counts_at_once_and_a_broken_one_does_not(file):
    old, old_line = new_key("shop-1")
    new, new_line = new_key("shop-1")
    file.write_text(old_line)
    keys = ApiKeys(str(file))

    replace(file, f"{old_line}\n{new_line}")
    assert keys.holder(old) == keys.holder(new) == Tenant("shop-1")
    replace(file, new_line)
    assert keys.holder(old) is None
    replace(file, "half a li")
    assert keys.holder(new) == Tenant("shop-1")
    file.unlink()
    assert keys.holder(new) == Tenant("shop-1")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("shop-1", id="no hash"),
        pytest.param("shop-1 secret", id="a key instead of its hash"),
        pytest.param(f"Shop {'0' * 64}", id="no tenant's name"),
        pytest.param(f"shop-1 {'0' * 64} king", id="no such role"),
        pytest.param("\n".join(new_key("shop-1")[1] for _ in range(3)), id="three keys of one tenant"),
    ],
)
def test_a_file_that_says_something_else_is_refused_without_repeating_it(file, text):
    file.write_text(text)

    with pytest.raises(ConfigError, match=r"gateway\.keys_file") as refused:
        ApiKeys(str(file))

    assert "secret" not in str(refused.value)


def test_a_missing_file_is_refused(file):
    with pytest.raises(ConfigError, match="No such file"):
        ApiKeys(str(file))


def test_a_new_key_is_printed_with_the_line_to_keep(capsys):
    print_new_key("shop-1", None)

    key, line = capsys.readouterr().out.splitlines()
    assert line == f"shop-1 {sha256(key.encode()).hexdigest()}"
    with pytest.raises(ConfigError, match="--new-key"):
        print_new_key("Shop 1", None)
