"""
What can go wrong in the control loop, split by what the loop does about it.

    DetectscaleError
    ├── ConfigError            fix the file or the command; exit status 2, never retried
    └── UnavailableError
        ├── ObservationError   no fresh view of the world; keep the last decision, look again next step
        └── ActuationError     the fleet did not take the replica count; try again next step
"""

from frames.errors import UnavailableError


class ObservationError(UnavailableError):
    """Kafka could not be read, so that nothing new is known; never to be taken for a lag of 0."""


class ActuationError(UnavailableError):
    """The fleet could not be brought to the replica count that was decided."""
