"""
Real Apache Kafka and real Redis as child processes: no Docker, no Java, no broker needed.

    child            runs a server for the length of a `with` block and waits until it answers
    ports            ports of this machine that nobody listens on
    state_directory  one run per state directory
    kafka_jars       the locked jars of Kafka, downloaded once
    jvm              the JRE they run on
    kafka_server     EmbeddedKafka
    redis_server     EmbeddedRedis

For a laptop, a demonstration and the tests. Servers listen on 127.0.0.1 only and ask for no password.
"""

from frames.errors import DetectscaleError


class EmbeddedError(DetectscaleError):
    """A server cannot run here. The message names the thing, its value and the way out."""
