"""
`detectscale demo`: a store day on this machine, judged at its end.

    reel      the frames, made beforehand
    script    when how many of them come
    play      the camera's part
    history   what the autoscaler saw and decided
    screen    the live view
    report    the figures
    boxes     frames with what was found in them
"""

from detectscale.demo.run import run_demo

__all__ = ["run_demo"]
