"""
Commits of a worker group, made by hand.
"""

from collections.abc import Mapping
from typing import Any


def commit(admin_client: Any, group_id: str, topic: str, offsets: Mapping[int, int]) -> None:
    """Say that *group_id*, which has no members, has finished what is below *offsets*, by partition."""
    from kafka import TopicPartition
    from kafka.structs import OffsetAndMetadata

    admin_client.alter_group_offsets(
        group_id, {TopicPartition(topic, p): OffsetAndMetadata(offset) for p, offset in offsets.items()}
    )
