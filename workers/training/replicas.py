"""Processes that train together: the caller's is the first, the others are started beside it."""

import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path


@contextmanager
def replicas(count: int, work: Callable[[int], None]) -> Iterator[None]:
    """
    Run *work* with the ranks 1 to *count* - 1 in processes of their own, and the body as rank 0.

    Within, `torch.distributed` is initialised where *count* is more than 1. Leaving the body,
    by whatever way, ends the processes. *work* must be picklable.
    """
    if count == 1:
        yield
        return
    # Not forked: torch's threads would not survive it.
    context = get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        meeting = Path(folder) / "meeting"
        others = [
            context.Process(target=_take_part, args=(work, meeting, rank, count)) for rank in range(1, count)
        ]
        for process in others:
            process.start()
        try:
            _join(meeting, 0, count)
            yield
        except BaseException:
            for process in others:
                process.terminate()
            raise
        finally:
            for process in others:
                process.join()
            _part()


def _take_part(work: Callable[[int], None], meeting: Path, rank: int, count: int) -> None:
    # Ctrl-C reaches every process of a terminal; the first one decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _join(meeting, rank, count)
    work(rank)


def _join(meeting: Path, rank: int, count: int) -> None:
    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 1) // count))
    torch.distributed.init_process_group("gloo", init_method=meeting.as_uri(), rank=rank, world_size=count)


def _part() -> None:
    import torch

    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
