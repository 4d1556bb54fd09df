"""
The digest of a model: of one file, or of a folder of files (OpenVINO, TensorFlow).
"""

import hashlib
from pathlib import Path


def digest_of(path: Path) -> str:
    """
    Return the sha256 of a file; of a folder, that of its sorted names and contents.

    A folder's is what this prints inside it:
    `find . -type f -printf '%P\\n' | LC_ALL=C sort | xargs sha256sum | sha256sum`.

    Raises:
        OSError: *path* cannot be read.
    """
    if path.is_dir():
        lines = sorted((file.relative_to(path).as_posix(), _of_file(file)) for file in _files(path))
        return hashlib.sha256("".join(f"{sha256}  {name}\n" for name, sha256 in lines).encode()).hexdigest()
    return _of_file(path)


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    return sum(file.stat().st_size for file in _files(path)) if path.is_dir() else path.stat().st_size


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def _of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
