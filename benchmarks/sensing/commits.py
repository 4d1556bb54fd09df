"""
Commits of a worker group, made by hand, once the broker takes them.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from autoscaler.errors import ObservationError
from frames.errors import UnavailableError

READY_WITHIN_S = 120.0


def until_it_answers(look: Callable[[], object]) -> None:
    """Look until the broker answers: its first group, or thousands of new partitions, keep it busy."""
    deadline = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            look()
            return
        except ObservationError:
            if time.monotonic() > deadline:
                raise


def commit(admin_client: Any, group_id: str, topic: str, offsets: Mapping[int, int]) -> None:
    """
    Say that *group_id*, which has no members, has finished what is below *offsets*, by partition.

    Raises:
        UnavailableError: The broker did not take all of it.
    """
    from kafka import TopicPartition
    from kafka.errors import NoError
    from kafka.structs import OffsetAndMetadata

    answers = admin_client.alter_group_offsets(
        group_id, {TopicPartition(topic, p): OffsetAndMetadata(offset) for p, offset in offsets.items()}
    )
    refused = {error.__name__ for error in answers.values() if error is not NoError}
    if refused:
        raise UnavailableError(f"commits of {topic} were refused: {', '.join(sorted(refused))}")
