"""How a replica proves that it serves: asked again and again until it has been well for long
enough.
"""

import http.client
import re
import socket
import time
from collections.abc import Iterator
from typing import Protocol

from runtime.contract.container import Health
from runtime.engine.base import Engine
from runtime.engine.values import Container
from runtime.procedures.ports import Reporter

FIRST_PAUSE = 0.05
SHORTEST_PAUSE = 0.01
GROWTH = 1.6
GOOD_STATUS = range(200, 400)
STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r\n]")
LONGEST_HEAD = 1024


class Unhealthy(Exception):
    """It did not prove itself. `container` is how it was last seen, `final` says that it is over."""

    def __init__(self, reason: str, container: Container) -> None:
        super().__init__(reason)
        self.reason = reason
        self.container = container


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


def prove_healthy(
    *, engine: Engine, container_id: str, health: Health, prober: Prober, reporter: Reporter
) -> Container:
    """Returns the container once it has been well for `minimum_healthy` seconds on end.

    Raises Unhealthy when it ended, crashes again and again, or the deadline (counted after the
    grace time) passes; Cancelled when the reporter says so; and what the engine raises.
    """
    deadline = reporter.now() + health.grace + health.deadline
    well_since: float | None = None
    incarnation: int | None = None
    for pause in _pauses(health.interval):
        reporter.check_cancelled()
        container = engine.container(container_id)
        _require_alive(container, health)
        complaint = _complaint(container, health, prober)
        now = reporter.now()
        if complaint is not None or container.started_ns != incarnation:
            well_since = None
        incarnation = container.started_ns
        if complaint is None:
            well_since = now if well_since is None else well_since
            remaining = health.minimum_healthy - (now - well_since)
            if remaining <= 0:
                return container
            pause = max(min(pause, remaining), SHORTEST_PAUSE)
        if now >= deadline:
            waited = health.grace + health.deadline
            raise Unhealthy(f"not healthy within {waited:g} s: {complaint or 'unsteady'}", container)
        reporter.wait(pause)
    raise AssertionError("pauses never end")


def _pauses(longest: float) -> Iterator[float]:
    """Short at first, because most services are up in a moment, then `longest`."""
    pause = FIRST_PAUSE
    while True:
        yield min(pause, longest)
        pause = min(pause * GROWTH, longest)


def _require_alive(container: Container, health: Health) -> None:
    if container.status in ("exited", "dead", "removing"):
        raise Unhealthy(_how_it_ended(container), container)
    if container.restarts > health.retries:
        raise Unhealthy(f"it keeps crashing: restarted {container.restarts} times", container)


def _how_it_ended(container: Container) -> str:
    if container.oom_killed:
        return "it ran out of memory and was killed"
    said = f": {container.message}" if container.message else ""
    return f"it ended with exit code {container.exit_code}{said}"


def _complaint(container: Container, health: Health, prober: Prober) -> str | None:
    """Why it is not well at this moment; None when it is."""
    if container.status != "running":
        return f"the container is {container.status}"
    if health.kind in ("tcp", "http"):
        return complaint_of(container, health, prober)
    if health.kind in ("command", "image") and container.health != "none":
        return None if container.health == "healthy" else f"its check says {container.health}"
    return None


def complaint_of(container: Container, health: Health, prober: Prober) -> str | None:
    """Asks its port once (`health` is tcp or http). Why it is not well; None when it is."""
    target = _target(container, health.port)
    if target is None:
        return "the container has no address yet"
    address, port = target
    if health.kind == "http":
        return prober.http(address, port, health.path, timeout=health.timeout)
    return prober.tcp(address, port, timeout=health.timeout)


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
