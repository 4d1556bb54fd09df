"""
A worker as a program to measure: its command, and an environment that holds all its settings.
"""

import os
import sys
from pathlib import Path

from detectscale.settings import CONFIG_VARIABLE, Settings, overrides
from frames.clients import KafkaSettings
from frames.topics import TopicSettings
from workers.model import ModelSettings


def worker_program(
    kafka: KafkaSettings, topics: TopicSettings, model: ModelSettings, name: str, folder: Path
) -> tuple[list[str], dict[str, str]]:
    """
    `detectscale worker`, as it comes, in a group of its own.

    Args:
        name: Of the worker and of its group.
        folder: For its state, and for the models that it compiles.
    """
    settings = Settings(kafka=kafka, topics=topics, model=model)
    worker = settings.worker.model_copy(update={"group_id": name})
    settings = settings.model_copy(update={"worker": worker})
    inherited = {key: value for key, value in os.environ.items() if key != CONFIG_VARIABLE}
    environment = inherited | overrides(settings) | {"XDG_CACHE_HOME": str(folder / "cache")}
    command = [sys.executable, "-m", "detectscale", "worker", "--worker-id", name]
    return [*command, "--state-dir", str(folder / "state")], environment
