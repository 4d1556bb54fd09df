"""
How often the adapter was asked, and how it answered.
"""

import threading
from collections import Counter


class Calls:
    """Counts calls by what was called and the answer's status. Any thread may count and read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def count(self, method: str, status: str) -> None:
        """One more call of *method* (`GetMetrics`, `/v1/decisions`) that ended in *status* (`OK`, `404`)."""
        with self._lock:
            self._counts[method, status] += 1

    def read(self) -> dict[tuple[str, str], int]:
        """Calls by (method, status)."""
        with self._lock:
            return dict(self._counts)
