"""The bundled detector finds the people of drawn shops, and their heads are gone before a frame leaves."""

from pathlib import Path

import cv2
import numpy as np

from detectscale.people import PeopleFinder
from frames.cameras.heads import HeadBlur
from frames.store import StoreCamera
from workers.model import ModelSettings

SHOPS = (9000, 9001, 9002)
"""On which the bundled model was not trained."""
HEAD_SHARE = 1 / 7
"""Of the height of who stands."""
SMALLEST_PX = 60
"""Who is smaller has a head of eight pixels, in which no face can be seen."""


def test_the_heads_of_those_who_can_be_recognised_are_blurred(tmp_path: Path):
    find = PeopleFinder(ModelSettings(), tmp_path)
    heads = covered = 0

    for seed in SHOPS:
        camera, blur = StoreCamera(seed), HeadBlur(find)
        for t in (5.0, 5.2, 20.0, 20.2, 35.0, 35.2):
            image, truths = camera.frame(t)
            before = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
            after = before.copy()
            blur(after, t)
            changed = (before != after).any(axis=2)
            for truth in truths:
                x1, y1, x2, y2 = (int(edge) for edge in truth.box)
                if truth.label == "person" and y2 - y1 >= SMALLEST_PX:
                    head = changed[y1 : y1 + round(HEAD_SHARE * (y2 - y1)), x1:x2]
                    heads += 1
                    covered += np.mean(head) > 0.8

    print(f"{covered} of {heads} heads are blurred")
    assert heads > 50
    assert covered > 0.95 * heads
