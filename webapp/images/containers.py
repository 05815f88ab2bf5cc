"""What rooms above tell this one of the container that an image is made of: it asks, and knows none of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from webapp.hosts.models import Host
from webapp.images.models import Image
from webapp.teams.policy import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A container that is there. `labels`: what it bears if it is the one; `base`: the build that it runs; `said`:
    what it is, for the trail.
    """

    host: Host
    container: str  # its full ID
    labels: Mapping[str, str]
    base: str
    said: str


class Containers(Protocol):
    """Who knows what runs where."""

    def __call__(self, *, actor: Actor, image: Image, source: Mapping[str, Any]) -> Found:
        """The container that this source of kind `container` names, asked for by this actor.

        `Conflicting`: there is none, or it is another by now. `Forbidden`: the actor may not enter it. `Unplannable`:
        its host takes no orders.
        """
