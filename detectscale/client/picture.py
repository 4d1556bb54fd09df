"""
A picture as callers have it: bytes, or where they lie.
"""

import os
import secrets
from pathlib import Path

from detectscale.client.calls import Picture

Image = bytes | str | os.PathLike[str]
"""The bytes of a JPEG or PNG, or the file that holds them."""


def picture(image: Image, camera: str, captured_at: float | None, key: str | None) -> Picture:
    """
    Read *image*, if it is a file, and give it an Idempotency-Key, if it has none.

    Raises:
        OSError: The file cannot be read.
    """
    data = image if isinstance(image, bytes) else Path(image).read_bytes()
    return Picture(data, camera, captured_at, secrets.token_hex(16) if key is None else key)
