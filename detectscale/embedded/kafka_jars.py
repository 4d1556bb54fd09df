"""
The jars of Apache Kafka: the locked ones and no others, downloaded once.

`kafka.lock.toml` names every jar with its SHA-256, in the format of jgo. A jar is downloaded beside the
cache and moved into it only after its digest was checked, so a cached jar is whole and the right one,
and an interrupted download goes on where it stopped. Once all are there, no network is needed, nor jgo.

`python -m detectscale.embedded.kafka_jars` writes the lock anew after a change of `ROOTS`.
"""

import hashlib
import os
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from detectscale.embedded import EmbeddedError

KAFKA_VERSION = "4.4.0"
ROOTS = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", "org.slf4j:slf4j-simple:1.7.36")
"""slf4j-simple logs to standard error and needs no configuration file; Kafka names the version of slf4j."""
LOCK = Path(__file__).with_name("kafka.lock.toml")


@dataclass(frozen=True, slots=True)
class Jar:
    """One locked artefact of a Maven repository."""

    group: str
    name: str
    version: str
    sha256: str

    @property
    def filename(self) -> str:
        return f"{self.name}-{self.version}.jar"

    def __str__(self) -> str:
        return f"{self.group}:{self.name}:{self.version}"


Fetch = Callable[[Jar, Path], Path]
"""Downloads a jar to somewhere under a directory and returns its path, or raises `EmbeddedError`."""


def installed_jars(cache_dir: Path, fetch: Fetch | None = None) -> list[Path]:
    """
    Return the paths of the locked jars under *cache_dir*, after fetching those it lacks.

    Args:
        fetch: Where jars come from; `None` is Maven's central repository.

    Raises:
        EmbeddedError: A jar is missing and cannot be had, or *cache_dir* cannot be written.
    """
    folder = cache_dir / "jars"
    jars = locked_jars()
    missing = [jar for jar in jars if not (folder / jar.filename).exists()]
    if missing:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _install(missing, folder, fetch or fetch_with_jgo)
        except OSError as error:
            raise EmbeddedError(
                f"cache directory {cache_dir}: {error.strerror}: make room, or choose another"
            ) from error
    return [folder / jar.filename for jar in jars]


def locked_jars() -> list[Jar]:
    """Return what the lock names, Kafka itself first."""
    entries = tomllib.loads(LOCK.read_text())["dependencies"]
    return [Jar(e["groupId"], e["artifactId"], e["version"], e["sha256"]) for e in entries]


def _install(jars: list[Jar], folder: Path, fetch: Fetch) -> None:
    with TemporaryDirectory(prefix="download-", dir=folder.parent) as staging:
        for jar in _counted(jars):
            path = fetch(jar, Path(staging))
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            if digest != jar.sha256:
                raise EmbeddedError(
                    f"{jar}: SHA-256 {digest} is not the locked one: do not trust the repository"
                )
            os.replace(path, folder / jar.filename)


def _counted(jars: list[Jar]) -> Iterable[Jar]:
    """Iterate over *jars*; count them on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    title = TextColumn(f"Kafka {KAFKA_VERSION}, once:")
    columns = title, MofNCompleteColumn(), TextColumn("jars"), BarColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield from progress.track(jars)


def fetch_with_jgo(jar: Jar, directory: Path) -> Path:
    """Download *jar* from Maven's central repository; *directory* becomes a local one."""
    try:
        from jgo.maven import MavenContext
        from requests import RequestException
    except ImportError as error:
        raise EmbeddedError(f"{error.name}: not installed: pip install 'detectscale[embedded]'") from error
    component = MavenContext(repo_cache=directory).project(jar.group, jar.name).at_version(jar.version)
    try:
        path: Path = component.artifact().resolve()
    except (RequestException, RuntimeError) as error:  # RuntimeError: the repository does not have it
        raise EmbeddedError(
            f"{jar}: cannot be downloaded ({type(error).__name__}): the first run needs the network; "
            "try again, the jars that arrived are kept"
        ) from error
    return path


def default_cache_dir() -> Path:
    """Return the directory of detectscale in the user's cache (XDG base directory specification)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "detectscale"


def _relock() -> None:
    """Resolve `ROOTS` with all that they need at run time; write the lock."""
    from jgo.env import LockFile
    from jgo.maven import MavenContext

    with TemporaryDirectory() as repository:
        context = MavenContext(repo_cache=Path(repository))
        roots, others = context.resolver.resolve([context.create_dependency(root) for root in ROOTS])
        needed = [*roots, *(other for other in others if other.scope in ("compile", "runtime"))]
        LockFile.from_resolved_dependencies(needed).save(LOCK)


if __name__ == "__main__":
    _relock()
