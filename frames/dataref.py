"""
Claim checks as URLs, and whether one lies below another: by name alone, nothing is looked up.

A stranger's `ce_dataref` is taken apart once into plain names, and refused when that could
be read in two ways (`..`, `//`, an encoded slash, user, port, query, fragment). What
remains is compared name by name, so `s3://b/frames-evil/x` is not below `s3://b/frames`.

Sources: CloudEvents extension `dataref`; RFC 3986; OWASP cheat sheet on request forgery.
"""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, unquote

MAX_ROOT_CHARACTERS = 900
"""As a URL: with an object's name behind it, a root must fit into an attribute of a frame event."""

_SCHEMES = {"file": "file", "s3": "s3", "gs": "gs", "gcs": "gs"}
"""As they are written, and the one spelling of each kind."""
_DATAREF = re.compile(r"(file|s3|gs|gcs)://([^/?#]*)/([^?#]+)")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object or a folder lies."""

    scheme: str
    """`file`, `s3` or `gs`."""
    names: tuple[str, ...]
    """The way there: the folders below `/`, or the bucket and the parts of the key."""

    @classmethod
    def of_dataref(cls, dataref: str) -> Self:
        """
        The object that a frame event names.

        Raises:
            ValueError: It is not the plain URL of an object; the message does not repeat it.

        >>> Place.of_dataref("s3://bucket/frames/a%20b").names
        ('bucket', 'frames', 'a b')
        """
        match = _DATAREF.fullmatch(dataref)
        if match is None or not dataref.isascii() or " " in dataref:
            raise ValueError("not the plain URL of an object: file:///, s3:// or gs://")
        scheme, bucket, path = match.groups()
        names = tuple(unquote(name, errors="strict") for name in path.split("/"))
        if scheme == "file":
            if bucket:
                raise ValueError("a file: URL with a host")
        else:
            _require_bucket(bucket)
            names = (bucket, *names)
        _require_plain(names)
        return cls(_SCHEMES[scheme], names)

    @classmethod
    def of_root(cls, root: str) -> Self:
        """
        The folder, or the bucket and prefix, that a setting names: not encoded, a local one without a scheme.

        Raises:
            ValueError: It is neither; the message does not repeat it.

        >>> str(Place.of_root("/mnt/my frames/"))
        'file:///mnt/my%20frames'
        """
        scheme, separator, path = root.rpartition("://")
        if not separator:
            scheme = "file"
        names = tuple(name for name in path.split("/") if name)
        if scheme not in _SCHEMES or not names or (scheme == "file") != path.startswith("/"):
            raise ValueError("s3://bucket/folder, gs://bucket/folder or an absolute local folder is expected")
        if scheme != "file":
            _require_bucket(names[0])
        _require_plain(names)
        place = cls(_SCHEMES[scheme], names)
        if len(str(place)) > MAX_ROOT_CHARACTERS:
            raise ValueError(f"at most {MAX_ROOT_CHARACTERS} characters are expected")
        return place

    def below(self, root: "Place") -> bool:
        """Whether this is inside *root*."""
        depth = len(root.names)
        return self.scheme == root.scheme and len(self.names) > depth and self.names[:depth] == root.names

    def __str__(self) -> str:
        """As a URL that `of_dataref` reads."""
        path = "/".join(quote(name, safe="") for name in self.names)
        return f"file:///{path}" if self.scheme == "file" else f"{self.scheme}://{path}"


def _require_bucket(name: str) -> None:
    if not _BUCKET.fullmatch(name):
        raise ValueError("a bucket's name is expected behind ://, without user, password or port")


def _require_plain(names: tuple[str, ...]) -> None:
    """Names that no storage reads as anything else; behind `?` and `#` s3fs and gcsfs look for a version."""
    for name in names:
        if name in ("", ".", "..") or set("/\\?#") & set(name) or not name.isprintable():
            raise ValueError(
                "its path has a part that is empty, `.`, `..`, or holds one of / \\ ? # or no character"
            )
