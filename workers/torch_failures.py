"""
What an exception of torch, ONNX Runtime or TensorRT means, as none of them has a class for each case.

Out of memory is over once less is asked for. A CUDA error is "sticky": after an illegal access (700),
a failed assertion (710) or a failed launch (719) every later call in this process fails with it.
"""

OUT_OF_MEMORY = ("out of memory", "allocate memory", "ALLOC_FAILED")
DEVICE_LOST = (
    "CUDA error",
    "CUDA failure",
    "device-side assert",
    "illegal memory access",
    "launch failure",
    "EXECUTION_FAILED",
)


def is_out_of_memory(error: Exception) -> bool:
    """
    >>> is_out_of_memory(RuntimeError("CUDA error: out of memory"))
    True
    """
    return type(error).__name__ == "OutOfMemoryError" or _says(error, OUT_OF_MEMORY)


def is_device_lost(error: Exception) -> bool:
    """
    >>> is_device_lost(RuntimeError("CUDA error: an illegal memory access was encountered"))
    True
    >>> is_device_lost(RuntimeError("CUDA error: out of memory"))
    False
    """
    lost = type(error).__name__ == "AcceleratorError" or _says(error, DEVICE_LOST)
    return lost and not is_out_of_memory(error)


def _says(error: Exception, phrases: tuple[str, ...]) -> bool:
    return any(phrase.lower() in str(error).lower() for phrase in phrases)
