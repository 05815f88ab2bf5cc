"""How a replica is asked over the network whether it serves."""

import http.client
import re
import socket
import time
from typing import Protocol

from runtime.contract.container import Health
from runtime.engine.values import Container

GOOD_STATUS = range(200, 400)
STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r\n]")
LONGEST_HEAD = 1024


class Prober(Protocol):
    """Asks over the network. Each answers None for yes, else why not, within `timeout` seconds."""

    def tcp(self, address: str, port: int, *, timeout: float) -> str | None:
        """Does somebody accept a connection?"""

    def http(self, address: str, port: int, path: str, *, timeout: float) -> str | None:
        """Does `GET path` answer with 2xx or 3xx? Redirects are not followed."""


class NetworkProber:
    """The real thing."""

    def tcp(self, address: str, port: int, *, timeout: float) -> str | None:
        try:
            with socket.create_connection((address, port), timeout=timeout):
                return None
        except OSError as error:
            return f"no connection to port {port}: {error}"

    def http(self, address: str, port: int, path: str, *, timeout: float) -> str | None:
        deadline = time.monotonic() + timeout
        connection = http.client.HTTPConnection(address, port, timeout=timeout)
        try:
            connection.request("GET", path, headers={"Connection": "close"})
            status = _status(connection.sock, deadline)
        except (OSError, http.client.HTTPException, ValueError) as error:
            return f"no answer from port {port}: {error}"
        finally:
            connection.close()
        return None if status in GOOD_STATUS else f"GET {path} answered {status}"


def _status(connection: socket.socket, deadline: float) -> int:
    """The status of the answer that comes. Who sends it byte by byte gets no more time than others."""
    head = b""
    while (found := STATUS_LINE.match(head)) is None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        connection.settimeout(left)
        part = connection.recv(LONGEST_HEAD)
        head += part
        if not part or len(head) > LONGEST_HEAD:
            raise ValueError("it is no HTTP")
    return int(found[1])


def complaint_of(container: Container, health: Health, prober: Prober, timeout: float | None = None) -> str | None:
    """Asks its port once (`health` is tcp or http). Why it is not well; None when it is.

    `timeout` in seconds, where less time is left than the check would take.
    """
    target = _target(container, health.port)
    if target is None:
        return "the container has no address yet"
    address, port = target
    patience = health.timeout if timeout is None else timeout
    if health.kind == "http":
        return prober.http(address, port, health.path, timeout=patience)
    return prober.tcp(address, port, timeout=patience)


def _target(container: Container, port: int | None) -> tuple[str, int] | None:
    """Where to ask. A published port is second best: the engine's proxy accepts for a dead service
    too.
    """
    if port is None:
        return None
    if container.address is not None:
        return container.address, port
    for bound in container.ports:
        if bound.container == port and bound.protocol == "tcp":
            return bound.address, bound.host
    return None
