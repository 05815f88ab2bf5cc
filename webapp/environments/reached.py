"""What the room above tells this one of who is reached by name in an environment (see `webapp.pages.urls`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from webapp.environments.models import Environment


@dataclass(frozen=True)
class Reached:
    """One route of a service. `url` is empty where it is no address of its own."""

    service: str
    slug: str
    url: str
    shown: str
    tls: str
    warning: str = ""  # what is to be done about its certificate


class Routes(Protocol):
    """Who knows what is reached by name."""

    def __call__(self, environment: Environment) -> Sequence[Reached]:
        """By service. A constant number of queries."""
