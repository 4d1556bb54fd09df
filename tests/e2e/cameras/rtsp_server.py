"""
A camera: GStreamer's RTSP server, which plays a video as H.264. Run by Debian's own Python, which has `gi`.

    /usr/bin/python3 rtsp_server.py VIDEO PORT

It prints a line once it listens. Who connects first starts the video; it has a key frame each second.
"""

import sys

PIPELINE = (
    "( filesrc location={video} ! decodebin ! videoconvert "
    "! x264enc tune=zerolatency speed-preset=ultrafast bitrate=4000 key-int-max=10 "
    "! rtph264pay name=pay0 pt=96 )"
)


def serve(video: str, port: str) -> None:
    """Serve until killed."""
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer

    Gst.init(None)
    server = GstRtspServer.RTSPServer(address="127.0.0.1", service=port)
    factory = GstRtspServer.RTSPMediaFactory(launch=PIPELINE.format(video=video), shared=True)
    server.get_mount_points().add_factory("/live", factory)
    if not server.attach(None):
        sys.exit(f"port {port} is taken")
    print("listening", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    serve(*sys.argv[1:])
