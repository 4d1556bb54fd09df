"""
Whether a worker takes part: it is in the group, and Kafka answers it.

Kafka away makes a worker not ready, but no less alive: restarting it would heal nothing,
and a fleet that restarts while its broker does would storm it.
"""


class Readiness:
    """
    What the poll thread and the producer last saw. Any thread may tell or ask.

    Instants are seconds on one clock that never goes back.

    >>> readiness = Readiness(limit_s=10.0)
    >>> readiness.complaint(now=0.0)
    'not in the worker group'
    >>> readiness.joined = True
    >>> readiness.answered(now=1.0)
    >>> readiness.complaint(now=2.0)
    >>> readiness.complaint(now=20.0)
    'Kafka has not answered for 19 s'
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self.joined = False
        """It is a member of the group: from the first assignment until it drains."""
        self._answered_at: float | None = None

    def answered(self, now: float) -> None:
        """The broker acknowledged anything: a result, or the status that goes out every few seconds."""
        self._answered_at = now

    def complaint(self, now: float) -> str | None:
        """In one line, why this worker is not ready; None: it is."""
        if not self.joined:
            return "not in the worker group"
        answered_at = self._answered_at
        if answered_at is None:
            return "Kafka has not answered yet"
        if now - answered_at > self._limit_s:
            return f"Kafka has not answered for {now - answered_at:.0f} s"
        return None
