"""What the room above tells this one of who signs in with a key (see `webapp.pages.urls`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from webapp.deploykeys.models import DeployKey


@dataclass(frozen=True)
class Use:
    """An image whose source names a key."""

    id: str
    slug: str


class Users(Protocol):
    """Who knows what is fetched with which key."""

    def __call__(self, key: DeployKey) -> Sequence[Use]:
        """By short name; asked anew inside the transaction that deletes. A constant number of queries."""
