"""What rooms above tell this one of what is in projects: it asks, and knows none of them (see `webapp.pages.urls`)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from webapp.teams.models import Project


@dataclass(frozen=True)
class Contents:
    """How much a project holds."""

    services: int = 0
    images: int = 0
    environments: int = 0


class Counting(Protocol):
    """Who knows what is in projects."""

    def __call__(self, projects: Collection[Project]) -> Mapping[str, Contents]:
        """By project id; an empty one may be left out. A constant number of queries."""
