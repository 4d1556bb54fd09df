"""A folder of images that a detector learns in seconds: bright squares on dark noise."""

from pathlib import Path

import cv2
import numpy as np

SIZE = 96


def write_squares(folder: Path, training: int = 64, validation: int = 32) -> None:
    """Fill *folder*, in the Ultralytics layout; two squares on each image."""
    rng = np.random.default_rng(0)
    for split, count in (("train", training), ("val", validation)):
        images, labels = folder / "images" / split, folder / "labels" / split
        images.mkdir(parents=True)
        labels.mkdir(parents=True)
        for number in range(count):
            image = rng.integers(0, 60, (SIZE, SIZE, 3)).astype(np.uint8)
            lines = [_draw(image, left, rng) for left in (0, SIZE // 2)]
            cv2.imwrite(str(images / f"{number}.png"), image)
            (labels / f"{number}.txt").write_text("\n".join(lines))
    (folder / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [square]\n")


def _draw(image: np.ndarray, left: int, rng: np.random.Generator) -> str:
    """Draw a square into the half of *image* from *left*, and return its line of the labels."""
    side = int(rng.integers(20, 36))
    x, y = left + int(rng.integers(0, SIZE // 2 - side)), int(rng.integers(0, SIZE - side))
    image[y : y + side, x : x + side] = (200, 220, 255)
    numbers = (np.array([x + side / 2, y + side / 2, side, side]) / SIZE).tolist()
    return " ".join(map(str, [0, *numbers]))
