"""What rooms above tell this one of what is on a host: it asks, and knows none of them (see `webapp.pages.urls`)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from webapp.hosts.models import Host
from webapp.teams.policy import Actor


@dataclass(frozen=True)
class Load:
    """How much is on a host, whosever it is."""

    replicas: int = 0
    cpus: float = 0.0  # by the limits of the replicas
    memory: int = 0  # bytes, likewise
    builds: int = 0


@dataclass(frozen=True)
class Queued:
    """A build on a host. `place`: 1 for the next that gets a slot, None for one that has it."""

    build: Any
    place: int | None
    operates: bool


class Tenants(Protocol):
    """Who knows what is on hosts."""

    def loads(self, hosts: Collection[Host]) -> Mapping[str, Load]:
        """By host id; a host with nothing on it may be left out. A constant number of queries."""

    def queue(self, host: Host, *, actor: Actor, limit: int) -> tuple[Sequence[Queued], int]:
        """Builds at work and waiting there, in turn, that the actor may see, and how many others there are."""

    def seen(self, host: Host, *, actor: Actor, limit: int) -> tuple[Sequence[Any], int]:
        """Replicas on the host that the actor may see, for the table of replicas, and how many there are in all."""
