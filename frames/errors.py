"""
What can go wrong where the outside world comes in, split by what the caller should do.

    DetectscaleError
    ├── ConfigError        fix the setting or the argument; exit status 2, never retried
    └── UnavailableError   something outside does not answer; exit status 1, may be retried

Every message is one line that names the thing, the value and the way out, since
the command line prints it as it is.
"""


class DetectscaleError(Exception):
    """A failure that a person can act upon; its message is written for them."""

    exit_status = 1


class ConfigError(DetectscaleError):
    """A setting, an argument or a file of the user's cannot be used as it is."""

    exit_status = 2


class UnavailableError(DetectscaleError):
    """A service that is needed (broker, Redis, camera) does not answer."""
