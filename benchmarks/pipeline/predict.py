"""
`YOLO.predict` alone: decoded pictures in a loop, as its documentation shows it. Needs Ultralytics only.

    python predict.py PICTURES WEIGHTS.pt IMAGE_SIZE SECONDS

The answer is one line of JSON: frames per second, and CPU seconds per frame.

Its first picture is black and square, as the naive program's is, and larger than the others fitted into the
same size: the allocator then keeps the memory of all later ones. Without it they cost 6,900 page faults
each instead of 840, and a tenth more time.
"""

import json
import sys
import time
from itertools import cycle
from pathlib import Path

import cv2
import numpy as np
from ultralytics import YOLO

WARM_UP = 40
"""Pictures: the first twenty take twice as long as the later ones."""

if __name__ == "__main__":
    folder, weights, size, seconds = sys.argv[1:]
    pictures = [cv2.imread(str(file)) for file in sorted(Path(folder).glob("*.jpg"))]
    model = YOLO(weights)
    model.predict(np.zeros((int(size), int(size), 3), np.uint8), imgsz=int(size), verbose=False)
    count = began_at = used_s = 0.0
    for number, picture in enumerate(cycle(pictures)):
        if number == WARM_UP:
            began_at, used_s = time.perf_counter(), time.process_time()
        model.predict(picture, imgsz=int(size), verbose=False)
        if number >= WARM_UP and time.perf_counter() - began_at > float(seconds):
            count = number - WARM_UP + 1
            break
    passed_s, used_s = time.perf_counter() - began_at, time.process_time() - used_s
    print(json.dumps({"per_s": count / passed_s, "cpu_s": used_s / count}))
