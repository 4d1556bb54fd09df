"""What comes out of Kafka is what the model finds, and what the model finds is what is there."""

import pytest

from frames.image import decode
from frames.outcome import Detected
from frames.results import stored
from frames.store import LABELS, StoreCamera
from workers.model import load_model
from workers.openvino_detector import OpenVinoDetector
from workers.training.evaluate import mean_average_precision


@pytest.fixture(scope="module")
def shots():
    """JPEGs of cameras that training never saw, with the truth."""
    cameras = [StoreCamera(seed) for seed in range(9_010, 9_018)]
    return [camera.jpeg(n * 7.0) for n in range(6) for camera in cameras]


def test_boxes_out_of_kafka_are_those_of_the_model_and_match_the_truth(
    kafka, topics, settings, publish, start_worker, balanced, shots, tmp_path
):
    records = publish([image for image, _ in shots])
    start_worker()
    balanced()
    by_record = {o.record: o for o in stored(kafka, topics) if isinstance(o, Detected)}
    out_of_kafka = [by_record[record].detections for record in records]

    detector = OpenVinoDetector(load_model(settings.model, tmp_path), settings.model, tmp_path)
    directly = [detector.detect([decode(image)])[0] for image, _ in shots]

    truths = [[(seen.label, seen.box) for seen in truth] for _, truth in shots]
    through_kafka, direct = (
        mean_average_precision(truths, [[(d.label, d.score, d.box) for d in found] for found in run], LABELS)
        for run in (out_of_kafka, directly)
    )
    assert through_kafka.map50 == pytest.approx(direct.map50, abs=0.001)
    assert through_kafka.map50 >= 0.60
