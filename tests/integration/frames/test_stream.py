"""A camera on a real network socket: FFmpeg reads it, and it may hang up."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from frames.image import decode
from frames.sources import WallClock, open_source

FRAMES_A_CALL = 5


class Camera(BaseHTTPRequestHandler):
    """Sends a few JPEGs as a cheap web camera does, and hangs up."""

    calls = 0

    def do_GET(self) -> None:
        type(self).calls += 1
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        for shade in range(FRAMES_A_CALL):
            image = cv2.imencode(".jpg", np.full((48, 64, 3), 50 * shade, np.uint8))[1].tobytes()
            self.wfile.write(
                b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(image)
            )
            self.wfile.write(image + b"\r\n")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def camera() -> Iterator[str]:
    Camera.calls = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Camera) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_camera_that_hangs_up_is_called_again(camera, caplog, capfd):
    source = open_source(f"http://admin:hunter2@{camera}/live.mjpg", limit=FRAMES_A_CALL + 2)

    frames = list(source.frames(WallClock(threading.Event())))

    assert len(frames) == FRAMES_A_CALL + 2
    assert Camera.calls == 2
    assert decode(frames[0].image).shape == (48, 64, 3)
    assert f"http://{camera}/live.mjpg does not answer" in caplog.text
    assert "hunter2" not in caplog.text + "".join(capfd.readouterr()) + repr(frames)


def test_nobody_at_the_address_ends_when_told(caplog, capfd):
    stop = threading.Event()
    source = open_source("rtsp://admin:hunter2@127.0.0.1:1/live")
    threading.Timer(1.0, stop.set).start()

    assert list(source.frames(WallClock(stop))) == []
    assert "rtsp://127.0.0.1:1/live does not answer" in caplog.text
    assert "hunter2" not in caplog.text + "".join(capfd.readouterr())
