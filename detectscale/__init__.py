"""
Image frames enter Kafka, workers detect objects in them, and an autoscaler decides how many.

This package puts the parts together: settings, the command line, the embedded servers,
`demo` and `up`; and it holds the client library: `from detectscale import Client`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from detectscale.client import AsyncClient, Client

__all__ = ["AsyncClient", "Client", "__version__"]
__version__ = "0.1.0"

if not TYPE_CHECKING:  # a checker would take it for a promise that every name exists

    def __getattr__(name: str) -> Any:
        """Import the clients when they are asked for: every command imports this package."""
        if name not in ("AsyncClient", "Client"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from detectscale import client

        return getattr(client, name)
