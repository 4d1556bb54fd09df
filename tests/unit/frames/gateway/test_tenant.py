"""Whose ids and cameras are whose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frames.gateway.tenant import NAME, Tenant, given_at

tenants = st.from_regex(NAME, fullmatch=True).map(Tenant)
cameras = st.text(min_size=1, max_size=200)


@given(tenants, tenants, st.floats(0, 4e9), st.binary(min_size=10, max_size=10), st.text())
def test_an_id_belongs_to_the_tenant_it_was_given_to_and_to_no_other(ours, theirs, now, random, key):
    for frame_id in (ours.new_id(now, random), ours.id_of(key)):
        assert ours.owns(frame_id)
        assert theirs.owns(frame_id) == (theirs == ours)


@given(tenants, st.text())
def test_a_key_gives_the_same_id_each_time_and_never_one_of_another_key(tenant, key):
    assert tenant.id_of(key) == tenant.id_of(key)
    assert tenant.id_of(key) != tenant.id_of(key + "x")


@given(tenants, tenants, cameras)
def test_a_camera_is_seen_by_its_tenant_alone_whatever_its_name(ours, theirs, camera):
    assert ours.camera(ours.key(camera)) == camera
    if theirs != ours:
        assert theirs.camera(ours.key(camera)) is None


@pytest.mark.parametrize("text", ["", "f", "k" + "0" * 47, "f" + "0" * 48, "g" + "0" * 48, "é" * 49])
def test_what_nobody_was_given_is_owned_by_nobody(text):
    assert not Tenant("shop-1").owns(text)


def test_a_new_id_tells_when_it_was_given_and_one_of_a_key_does_not():
    tenant = Tenant("shop-1")

    assert given_at(tenant.new_id(1764000000.25, bytes(10))) == 1764000000.25
    assert given_at(tenant.id_of("key")) is None


@pytest.mark.parametrize("name", ["", "a/b", "-a", "a-", "A", "a" * 41, "ä", "a\n"])
def test_what_could_be_read_as_something_else_is_no_tenants_name(name):
    assert not NAME.fullmatch(name)
