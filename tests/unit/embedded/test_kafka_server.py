from detectscale.embedded.kafka_server import SETTINGS


def test_a_frame_of_10_mib_fits():
    assert int(SETTINGS["message.max.bytes"]) > 10 * 2**20
