"""No dataref leaves its root, however it is written."""

import os.path
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from frames.dataref import Place

ROOTS = ("/mnt/frames", "/mnt/other place", "s3://bucket/frames", "gs://bucket/frames")


def read(dataref: str) -> Place | None:
    """None: refused whatever the roots."""
    try:
        return Place.of_dataref(dataref)
    except ValueError:
        return None


@pytest.mark.parametrize(
    ("root", "dataref"),
    [
        pytest.param("/mnt/frames", "file:///mnt/frames/x", id="folder"),
        pytest.param("/mnt/frames/", "file:///mnt/frames/a/b/x.jpg", id="trailing slash"),
        pytest.param("file:///mnt/frames", "file:///mnt/frames/x", id="folder as a URL"),
        pytest.param("/mnt/my frames", "file:///mnt/my%20frames/x", id="a space"),
        pytest.param("s3://bucket", "s3://bucket/x", id="whole bucket"),
        pytest.param("s3://bucket/frames", "s3://bucket/frames/2026/x", id="prefix of a bucket"),
        pytest.param("gcs://bucket/frames", "gs://bucket/frames/x", id="two names of one scheme"),
    ],
)
def test_an_object_below_its_root_is_seen_there(root, dataref):
    assert Place.of_dataref(dataref).below(Place.of_root(root))


@pytest.mark.parametrize(
    "dataref",
    [
        pytest.param("", id="empty"),
        pytest.param("x", id="relative"),
        pytest.param("/mnt/frames/x", id="no scheme"),
        pytest.param("http://169.254.169.254/latest/meta-data", id="other scheme"),
        pytest.param("filecache::s3://bucket/frames/x", id="chained schemes"),
        pytest.param("S3://bucket/frames/x", id="scheme in capitals"),
        pytest.param("file://mnt/frames/x", id="host"),
        pytest.param("file://localhost/mnt/frames/x", id="local host"),
        pytest.param("file:////mnt/frames/x", id="one slash more"),
        pytest.param("s3://bucket/frames", id="the root itself"),
        pytest.param("s3://bucket/frames/", id="the root itself with a slash"),
        pytest.param("s3://bucket/frames/../x", id="dots"),
        pytest.param("s3://bucket/frames/a/../../x", id="dots further down"),
        pytest.param("s3://bucket/frames/./x", id="one dot"),
        pytest.param("s3://bucket/frames/%2e%2e/x", id="encoded dots"),
        pytest.param("s3://bucket/frames/.%2E/x", id="half encoded dots"),
        pytest.param("s3://bucket/frames/..%2Fx", id="encoded slash"),
        pytest.param("s3://bucket/frames/..%5Cx", id="encoded backslash"),
        pytest.param("s3://bucket/frames/..\\x", id="backslash"),
        pytest.param("s3://bucket/frames//x", id="double slash"),
        pytest.param("s3://bucket/frames-evil/x", id="longer name"),
        pytest.param("s3://bucket/frame/x", id="shorter name"),
        pytest.param("s3://bucket.evil/frames/x", id="longer bucket"),
        pytest.param("s3://bucket:443/frames/x", id="port"),
        pytest.param("s3://bucket@evil/frames/x", id="user"),
        pytest.param("s3://key:secret@bucket/frames/x", id="user and password"),
        pytest.param("s3://%62ucket/frames/x", id="encoded bucket"),
        pytest.param("s3://bucket/frames/x?versionId=1", id="query"),
        pytest.param("s3://bucket/frames/x%3FversionId=1", id="encoded query"),
        pytest.param("s3://bucket/frames/x#y", id="fragment"),
        pytest.param("gs://bucket/frames/x%231", id="encoded fragment"),
        pytest.param("s3://bucket/frames/x%00y", id="zero byte"),
        pytest.param("s3://bucket/frames/x%0Ay", id="line feed"),
        pytest.param("s3://bucket/frames/x\ny", id="line feed as it is"),
        pytest.param("s3://bucket/frames/x%E2%80%AEy", id="a character that turns the text around"),
        pytest.param("s3://bucket/frames/x y", id="space"),
        pytest.param("s3://bucket/frames/%FF", id="no UTF-8"),
        pytest.param("s3://bucket/frames/ä", id="not encoded"),
        pytest.param("gs://bucket/frames-evil/x", id="other bucket's prefix"),
    ],
)
def test_what_is_not_plainly_below_a_root_is_refused(dataref):
    place = read(dataref)

    assert place is None or not any(place.below(Place.of_root(root)) for root in ROOTS)


def test_a_refusal_does_not_repeat_the_url():
    with pytest.raises(ValueError, match="user, password or port") as caught:
        Place.of_dataref("s3://key:secret@bucket/frames/x")

    assert "secret" not in str(caught.value)


names = st.text("ab.%2fFeE/\\ ?#@:~\0é", min_size=0, max_size=6) | st.sampled_from(
    ["..", ".", "%2e%2e", "..%2f", "mnt", "frames", "frames-evil", "bucket", "etc", "a", ""]
)
written = st.tuples(
    st.sampled_from(["file:///", "s3://", "gs://", "gcs://", "file://", "s3:///", "/", ""]),
    st.lists(names, max_size=8).map("/".join),
).map("".join)
datarefs = (
    written
    | written.map(lambda url: url.replace("://", "://bucket/frames/"))
    | written.map(lambda url: url.replace("file:///", "file:///mnt/frames/"))
)


@given(datarefs)
def test_no_constructed_path_leaves_its_root(dataref):
    place = read(dataref)

    for root in (Place.of_root(text) for text in ROOTS):
        if place is not None and place.below(root):
            folder, path = (os.path.normpath("/" + "/".join(at.names)) for at in (root, place))
            assert path.startswith(folder + "/")
            assert path == "/" + "/".join(place.names)


@given(datarefs)
def test_a_place_has_one_name(dataref):
    place = read(dataref)

    assert place is None or Place.of_dataref(str(place)) == place


@given(
    st.lists(st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="/\\?#")), min_size=1)
)
def test_a_place_below_a_root_can_be_written_as_a_url(folders):
    root = "/mnt/" + "/".join(folders)
    assume(not {".", ".."} & set(folders) and all(folders) and len(quote(root)) < 800)
    place = Place.of_root(root)

    below = Place("file", (*place.names, "x"))
    assert Place.of_dataref(str(below)) == below
    assert quote("/".join(below.names)) in str(below)


@pytest.mark.parametrize(
    "root",
    [
        pytest.param("", id="empty"),
        pytest.param("/", id="everything"),
        pytest.param("s3://", id="every bucket"),
        pytest.param("frames", id="relative"),
        pytest.param("~/frames", id="home"),
        pytest.param("/mnt/../etc", id="dots"),
        pytest.param("file://mnt/frames", id="host"),
        pytest.param("https://host/frames", id="other scheme"),
        pytest.param("memory://frames", id="memory"),
        pytest.param("s3://key:secret@bucket/frames", id="credentials"),
        pytest.param("s3://bucket/frames?versionId=1", id="query"),
        pytest.param("s3:///frames", id="no bucket"),
        pytest.param("/mnt/" + "x" * 900, id="too long"),
    ],
)
def test_a_root_that_means_too_much_is_refused(root):
    with pytest.raises(ValueError, match=r"expected|path") as caught:
        Place.of_root(root)

    assert "secret" not in str(caught.value)
