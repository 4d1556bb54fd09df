"""
What can go wrong between a client and its gateway, split by what the caller should do.

    DetectscaleError
    ├── ConfigError                  fix the address, the key or the certificate
    ├── RefusedError                 ask for something else: `reason` says what is wrong with this
    ├── UnavailableError
    │   └── GatewayUnavailableError  ask later: it was tried until there was no time left
    ├── PendingError                 wait again for the same id: its result is not there yet
    └── BadAnswerError               check the address: it is no gateway, or a broken one
"""

from frames.errors import DetectscaleError, UnavailableError


class RefusedError(DetectscaleError):
    """The gateway will never take this."""

    exit_status = 2

    def __init__(self, message: str, status: int, reason: str) -> None:
        super().__init__(message)
        self.status = status
        """Of HTTP: 4xx."""
        self.reason = reason
        """For programs: `unknown-key`, `unsupported-image`, …; `http-404` if something before it refused."""


class GatewayUnavailableError(UnavailableError):
    """No answer, or not now."""

    def __init__(self, message: str, reason: str | None = None, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.reason = reason
        """For programs: `rate-limit`, `busy`, …; None: there was no answer."""
        self.retry_after_s = retry_after_s
        """It asked not to be asked again before."""


class PendingError(DetectscaleError):
    """The frame has no outcome yet."""

    def __init__(self, message: str, frame_id: str) -> None:
        super().__init__(message)
        self.frame_id = frame_id


class BadAnswerError(DetectscaleError):
    """What came is nothing that a gateway says."""
