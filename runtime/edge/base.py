"""The edge port: what Slipway needs of the proxy on a host.

A site is one service in one environment. Its requests go to the backends that were admitted and are up, and to no
others; what is admitted outlives every process of ours. Every call may be repeated and then changes nothing.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from runtime.contract.link import EdgeFacts
from runtime.contract.reports import Problem
from runtime.contract.routes import Http
from runtime.redaction import Secret

Wait = Callable[[float], None]  # lets seconds pass; may raise to break off


class EdgeError(Exception):
    """The edge is not there, or did not take what it was told."""

    def __init__(self, message: str, *, advice: str = "", retry_helps: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.retry_helps = retry_helps

    def problem(self) -> Problem:
        """For people."""
        return Problem(
            code="edge_failed", whose="host", message=self.message, advice=self.advice, retry_helps=self.retry_helps
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Whose requests: a service in an environment, by their ids."""

    service: str
    environment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """How a place is reached. `certificates`: chain and key as PEM, by the id of the certificate."""

    place: Place
    http: Http
    certificates: Mapping[str, Secret] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A container as the engine shows it. `up` None: it starts, and is as it was before unless it is another start."""

    container: str
    up: bool | None
    started_ns: int | None
    address: str | None  # its own, where this host reaches every port of it
    published: Mapping[int, tuple[str, int]] = field(default_factory=dict)  # port of the container -> address, port

    def at(self, port: int) -> tuple[str, int] | None:
        """Where this host reaches a port of the container; None when it does not."""
        return (self.address, port) if self.address else self.published.get(port)


class Edge(Protocol):
    """The proxy of this host."""

    def admit(self, site: Site, backend: Backend) -> None:
        """The site is reached so from now on, and its requests go to this backend too. EdgeError."""

    def dismiss(self, place: Place, containers: Collection[str], *, wait: Wait) -> int:
        """None of these containers gets a new request. Returns when they have answered those under way, at the latest
        after the seconds that the site gives them: how many were not finished. What `wait` raises breaks the waiting
        off, not the dismissal.
        """

    def settle(self, place: Place, site: Site | None, backends: Iterable[Backend]) -> None:
        """Exactly these backends serve the site; None: the place has no site. That is what `revert` comes back to.
        EdgeError.
        """

    def revert(self, place: Place, backends: Iterable[Backend]) -> None:
        """The place is reached as when it was settled last, and served by those of these backends that it knew then."""

    def facts(self) -> EdgeFacts | None:
        """Where it listens; None: there is none."""

    def observe(self, backends: Iterable[Backend], *, all_of_them: bool) -> None:
        """How containers are now: one that is not up gets no requests until it is. With `all_of_them`, one that was
        admitted and is not among them is not up.
        """
