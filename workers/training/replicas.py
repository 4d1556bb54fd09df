"""
Processes that train together: started here beside the caller's, or each one by torchrun.

torchrun says in the environment who a process is and where the first one listens; on a cluster it
runs once in every pod, and starts its processes anew when one of them, or a pod, was lost.
"""

import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from frames.errors import ConfigError
from workers.training.course import TrainSettings

T = TypeVar("T")

TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
"""What torchrun sets in the environment of each process."""


@dataclass(frozen=True, slots=True)
class Group:
    """The processes of a training, as one of them sees it."""

    rank: int
    """The first, 0, validates and writes."""
    count: int
    device: str
    """That this process computes on, as torch names it."""

    def from_first(self, value: T) -> T:
        """Return what the first process gave as *value*; the others' are ignored."""
        if self.count == 1:
            return value
        import torch

        values = [value]
        torch.distributed.broadcast_object_list(values, src=0)
        return values[0]

    def agree(self, value: str, what: str) -> None:
        """
        Compare *value*, a digest of *what*, over all processes.

        Raises:
            ConfigError: They differ; every process says so.
        """
        if self.count == 1:
            return
        import torch

        values = [""] * self.count
        torch.distributed.all_gather_object(values, value)
        if others := [str(rank) for rank in range(self.count) if values[rank] != values[0]]:
            raise ConfigError(
                f"training: {what} of process {', '.join(others)} differ from those of process 0"
            )


@contextmanager
def replicas(settings: TrainSettings, work: Callable[[Group], None]) -> Iterator[Group]:
    """
    Run the body as one process of the group that `settings.processes` or torchrun asks for.

    Without torchrun the body is the first process, and *work*, which must be picklable, is run in
    the others; leaving the body, by whatever way, ends them. Under torchrun every process runs
    the body.

    Raises:
        ConfigError: Torchrun and `settings.processes` both ask for processes, or there are more
            of them than images in a batch.
    """
    if all(name in os.environ for name in TORCHRUN):
        if settings.processes > 1:
            raise ConfigError(
                f"--processes {settings.processes}: torchrun starts the processes; leave it out"
            )
        rank, count, local = (int(os.environ[name]) for name in TORCHRUN[:3])
        try:
            yield _join(settings, "env://", rank, count, local)
        finally:
            _part()
    elif settings.processes > 1:
        with _children(settings, work) as group:
            yield group
    else:
        yield Group(0, 1, settings.device)


@contextmanager
def _children(settings: TrainSettings, work: Callable[[Group], None]) -> Iterator[Group]:
    # Not forked: torch's threads would not survive it.
    context = get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        meeting = (Path(folder) / "meeting").as_uri()
        others = [
            context.Process(target=_take_part, args=(settings, work, meeting, rank))
            for rank in range(1, settings.processes)
        ]
        for process in others:
            process.start()
        try:
            yield _join_child(settings, meeting, 0)
        except BaseException:
            for process in others:
                process.terminate()
            raise
        finally:
            for process in others:
                process.join()
            _part()


def _take_part(settings: TrainSettings, work: Callable[[Group], None], meeting: str, rank: int) -> None:
    # Ctrl-C reaches every process of a terminal; the first one decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    work(_join_child(settings, meeting, rank))


def _join_child(settings: TrainSettings, meeting: str, rank: int) -> Group:
    import torch

    # Under torchrun OMP_NUM_THREADS says it: a pod sees all cores of its node, and may use few.
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // settings.processes))
    return _join(settings, meeting, rank, settings.processes, rank)


def _join(settings: TrainSettings, meeting: str, rank: int, count: int, local: int) -> Group:
    import torch

    if count > settings.batch_size:
        raise ConfigError(f"training: {count} processes cannot share batches of {settings.batch_size} images")
    device = settings.device
    if device == "cuda":
        device = f"cuda:{local}"
        torch.cuda.set_device(device)
    backend = settings.backend or ("nccl" if device.startswith("cuda") else "gloo")
    torch.distributed.init_process_group(backend, init_method=meeting, rank=rank, world_size=count)
    return Group(rank, count, device)


def _part() -> None:
    import torch

    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
