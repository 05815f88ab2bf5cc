"""What the room above tells this one of who uses a profile (see `webapp.pages.urls`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from webapp.isolation.models import Profile


@dataclass(frozen=True)
class Use:
    """A service that names a profile, or runs with it."""

    id: str
    words: str  # project / service


class Users(Protocol):
    """Who knows which services use which profile."""

    def __call__(self, profile: Profile) -> Sequence[Use]:
        """By words; asked anew inside the transaction that deletes. A bounded number of queries."""
