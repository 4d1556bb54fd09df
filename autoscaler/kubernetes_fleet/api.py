"""
The Kubernetes API as JSON, by the official client: it finds the cluster, logs in and keeps connections.

Its models are left aside: there are none for KEDA's objects, and of a pod we need ten values. It is
loaded where it is needed: that takes a second.
"""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import urllib3

from frames.errors import ConfigError, UnavailableError

Json = dict[str, Any]

TIMEOUT_S = 2.0
"""For a connection, and for an answer."""
KEEPALIVE_S = 2
"""A connection that is silent this long is probed, and is given up after `KEEPALIVE_PROBES` more."""
KEEPALIVE_PROBES = 3
WATCH_S = 10
"""How long a watch lasts, so that a server that has hung without leaving is found out too."""
NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
"""Where a pod that may talk to the API server finds its namespace."""


class ApiError(UnavailableError):
    """The API server did not do what it was asked."""

    def __init__(self, message: str, status: int | None) -> None:
        super().__init__(message)
        self.status = status
        """Of HTTP; None: there was no answer."""


class Watch:
    """Events as they come; iterating ends after `WATCH_S`, or by `stop` from any thread."""

    def __init__(self, response: urllib3.HTTPResponse) -> None:
        self._response = response

    def __iter__(self) -> Iterator[Json]:
        """
        Raises:
            ApiError: The connection broke, or the server has ended the watch; 410: begin anew.
        """
        begun = b""
        try:
            for chunk in self._response.stream(decode_content=False):
                *lines, begun = (begun + chunk).split(b"\n")
                for line in lines:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        raise ApiError(event["object"].get("message", "watch"), event["object"].get("code"))
                    yield event
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise ApiError(f"kubernetes: {error}", None) from error
        finally:
            self._response.close()

    def stop(self) -> None:
        self._response.shutdown()


class Api:
    """One namespace of a cluster. Any thread may ask."""

    def __init__(self, client: Any, namespace: str) -> None:
        """
        Args:
            client: A `kubernetes.client.ApiClient`, made by `client`.
        """
        self._client = client
        self.namespace = namespace

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        kind: str = "application/json",
        timeout_s: float = TIMEOUT_S,
    ) -> Json:
        """
        One request; the object that it is answered with.

        Raises:
            ApiError: It was refused, or the server cannot be reached.
        """
        response = self._send(method, path, [], body, kind, timeout_s)
        try:
            answer: Json = json.loads(response.read())
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise ApiError(f"kubernetes: {method} {path}: {error}", None) from error
        return answer

    def merge(self, path: str, change: Json, timeout_s: float = TIMEOUT_S) -> Json:
        """
        Change what *change* names.

        Raises:
            ApiError: As for `call`.
        """
        return self.call("PATCH", path, change, "application/merge-patch+json", timeout_s)

    def patch(self, path: str, steps: list[Json], timeout_s: float = TIMEOUT_S) -> Json:
        """
        Change an object by *steps*, all or none (JSON Patch, RFC 6902).

        Raises:
            ApiError: As for `call`; 422: a test among them does not hold.
        """
        return self.call("PATCH", path, steps, "application/json-patch+json", timeout_s)

    def watch(self, path: str, version: str) -> Watch:
        """
        What happens to the objects of a list after *version*.

        Raises:
            ApiError: As for `call`; 410: nobody knows any more.
        """
        query = [
            ("watch", "true"),
            ("resourceVersion", version),
            ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", str(WATCH_S)),
        ]
        return Watch(self._send("GET", path, query, None, "application/json", WATCH_S + TIMEOUT_S))

    def close(self) -> None:
        self._client.close()

    def _send(
        self,
        method: str,
        path: str,
        query: list[tuple[str, str]],
        body: Any,
        kind: str,
        timeout_s: float,
    ) -> Any:
        from kubernetes.client.exceptions import ApiException  # type: ignore[import-untyped]  # has no types

        try:
            return self._client.call_api(
                path,
                method,
                query_params=query,
                header_params={"Accept": "application/json", "Content-Type": kind},
                body=body,
                auth_settings=["BearerToken"],
                _preload_content=False,
                _return_http_data_only=True,
                _request_timeout=(min(timeout_s, TIMEOUT_S), timeout_s),
            )
        except ApiException as error:
            raise ApiError(f"kubernetes: {method} {path}: {_said(error)}", error.status or None) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ApiError(f"kubernetes: {method} {path}: {error}", None) from error


def connect(namespace: str | None) -> Api | None:
    """
    The cluster that this pod is in; outside of any, and with a namespace, the one that KUBECONFIG names.

    Args:
        namespace: None: that of this pod.

    Returns:
        None in neither place, and in a pod that has no token for the API server.

    Raises:
        ConfigError: There should be a cluster, but how to reach it is not said.
    """
    inside = NAMESPACE_FILE.exists()
    if not inside and namespace is None:
        return None
    from kubernetes import config  # type: ignore[import-untyped]  # publishes no types
    from kubernetes.client import Configuration  # type: ignore[import-untyped]

    settings = Configuration()
    try:
        if inside:
            config.load_incluster_config(settings)
        else:
            config.load_kube_config(client_configuration=settings)
    except config.ConfigException as error:
        raise ConfigError(f"adapter.namespace: {error}") from error
    return Api(client(settings), namespace or NAMESPACE_FILE.read_text().strip())


def client(settings: Any) -> Any:
    """
    A client that repeats nothing by itself, and notices within seconds that a connection is dead.

    Args:
        settings: A `kubernetes.client.Configuration`.
    """
    from kubernetes.client import ApiClient

    settings.retries = False
    settings.connection_pool_maxsize = 16
    settings.socket_options = [
        *urllib3.connection.HTTPConnection.default_socket_options,
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_S),
        (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_S),
        (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_PROBES),
    ]
    return ApiClient(settings)


def _said(error: Any) -> str:
    try:
        message: str = json.loads(error.body)["message"]
    except (TypeError, ValueError, KeyError):
        return str(error.reason)
    return message
