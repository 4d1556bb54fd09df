"""
What a user would write first: `YOLO.predict` between a Kafka consumer and a producer.

    python naive.py BROKER FRAMES_TOPIC RESULTS_TOPIC GROUP WEIGHTS.pt IMAGE_SIZE

Every option is the library's default; kafka-python has its C checksum. It says when its model is warm.
"""

import json
import sys
import time

import cv2
import numpy as np
from kafka import KafkaConsumer, KafkaProducer
from ultralytics import YOLO


def main(broker: str, frames: str, results: str, group: str, weights: str, size: int) -> None:
    """Detect in every frame there is and will be."""
    model = YOLO(weights)
    model.predict(np.zeros((size, size, 3), np.uint8), imgsz=size, verbose=False)
    print(f"warm {time.time()}", flush=True)

    consumer = KafkaConsumer(frames, bootstrap_servers=broker, group_id=group, auto_offset_reset="earliest")
    producer = KafkaProducer(bootstrap_servers=broker)
    for record in consumer:
        image = cv2.imdecode(np.frombuffer(record.value, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            continue
        result = model.predict(image, imgsz=size, verbose=False)[0]
        detections = [
            {
                "label": result.names[int(box.cls)],
                "score": float(box.conf),
                "box": [float(edge) for edge in box.xyxy[0]],
            }
            for box in result.boxes
        ]
        event = {
            "partition": record.partition,
            "offset": record.offset,
            "width": image.shape[1],
            "height": image.shape[0],
            "detections": detections,
        }
        producer.send(results, key=record.key, value=json.dumps(event).encode())


if __name__ == "__main__":
    broker, frames, results, group, weights, size = sys.argv[1:]
    main(broker, frames, results, group, weights, int(size))
