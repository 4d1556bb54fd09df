"""
What the cameras show, drawn before anything is measured.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from detectscale.demo.reel import PLACES, STORE
from frames.store import StoreCamera

PICTURES = 20
"""Of each camera."""
FIRST_SEED = 9000
"""Shops that the bundled model was not trained on."""


def draw(folder: Path) -> dict[str, Path]:
    """A folder of JPEGs for each camera, by its id; drawn on all cores."""
    folders = {f"{STORE}.{place}": folder / place for place in PLACES}
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(_draw_camera, range(FIRST_SEED, FIRST_SEED + len(folders)), folders.values()))
    return folders


def _draw_camera(seed: int, folder: Path) -> None:
    folder.mkdir(parents=True)
    camera = StoreCamera(seed)
    for n in range(PICTURES):
        (folder / f"{n:03}.jpg").write_bytes(camera.jpeg(2.5 * n)[0])
