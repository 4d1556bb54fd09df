"""
What NVIDIA's driver says of the GPUs that this process can see.

NVML knows what CUDA does not: how busy the whole device is, whoever uses it. It is asked
through `pynvml` where that is installed; nobody has to have it.
"""

import threading
from dataclasses import dataclass

_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU's present reading."""

    name: str
    """Its UUID, which is the same in every container."""
    memory_used: int
    """Bytes in use on the device, by anybody."""
    utilization: float
    """Share of the driver's last sample, 1/6 s to 1 s, in which a kernel ran: 0 to 1."""


def gpus() -> list[Gpu]:
    """
    Read every visible GPU; empty without pynvml, without a driver, or when the driver fails.

    A driver that hangs keeps one caller only: the others get an empty answer meanwhile.
    """
    try:
        import pynvml  # type: ignore[import-not-found, import-untyped, unused-ignore]  # not among the extras
    except ImportError:
        return []
    if not _one_at_a_time.acquire(blocking=False):
        return []
    try:
        pynvml.nvmlInit()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(n) for n in range(pynvml.nvmlDeviceGetCount())]
        return [
            Gpu(
                str(pynvml.nvmlDeviceGetUUID(handle)),
                pynvml.nvmlDeviceGetMemoryInfo(handle).used,
                pynvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100,
            )
            for handle in handles
        ]
    except pynvml.NVMLError:
        return []
    finally:
        _one_at_a_time.release()
