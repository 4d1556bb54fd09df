"""
The pictures: frames of drawn shops with the noise of a camera, compressed as cameras do.
"""

from dataclasses import dataclass
from pathlib import Path

from frames.image import decode
from frames.store import StoreCamera
from workers.detector import Image

SEEDS = (9000, 9001)
"""Shops that the bundled weights were not trained on."""
INSTANTS = (5.0, 65.0, 125.0, 185.0)


@dataclass(frozen=True, slots=True)
class Size:
    """Of a camera's picture."""

    width: int
    height: int
    quality: int
    """Of the JPEG, so that its size is that of a real camera's: some tens of kB, or 100 to 300 kB."""

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


VGA = Size(640, 480, quality=85)
HD = Size(1920, 1080, quality=70)


def draw(size: Size, folder: Path) -> list[bytes]:
    """Draw the pictures of *size*, and keep them in *folder* for other processes; for HD that takes 30 s."""
    folder.mkdir()
    drawn = []
    for seed in SEEDS:
        camera = StoreCamera(seed, size.width, size.height)
        drawn += [camera.jpeg(at, quality=size.quality)[0] for at in INSTANTS]
    for number, picture in enumerate(drawn):
        (folder / f"{number}.jpg").write_bytes(picture)
    return drawn


def read(folder: Path) -> list[Image]:
    """What `draw` has kept, decoded: (H, W, 3), RGB."""
    return [decode(file.read_bytes()) for file in sorted(folder.glob("*.jpg"))]
