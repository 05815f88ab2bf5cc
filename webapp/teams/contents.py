"""What rooms above tell this one of what is in projects: it asks, and knows none of them (see `webapp.pages.urls`)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from webapp.teams.models import Project

# From the worst to what is of no concern: what the list of projects shows first.
GRAVITY = (
    "down",
    "failed",
    "degraded",
    "unknown",
    "waiting",
    "rolling",
    "starting",
    "healthy",
    "stopped",
    "empty",
)
BROKEN = frozenset(GRAVITY[:4])


@dataclass(frozen=True)
class PlaceNow:
    """How it is in an environment: its gravest state, what is in it (`front build 3`), and how many others run."""

    environment: str
    state: str = "empty"
    running: tuple[str, ...] = ()
    others: int = 0


@dataclass(frozen=True)
class Contents:
    """How much a project holds, and how it is where it runs, in the order of its environments."""

    services: int = 0
    images: int = 0
    environments: int = 0
    places: tuple[PlaceNow, ...] = ()

    @property
    def is_broken(self) -> bool:
        """Does anything want somebody's eye?"""
        return any(place.state in BROKEN for place in self.places)


class Counting(Protocol):
    """Who knows what is in projects."""

    def __call__(self, projects: Collection[Project]) -> Mapping[str, Contents]:
        """By project id; an empty one may be left out. A constant number of queries."""
