"""What the room above tells this one of who builds from an upload (see `webapp.pages.urls`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from webapp.blobs.models import Upload


@dataclass(frozen=True)
class Use:
    """An image that is defined by an upload, or of which a build is still to be made from it."""

    id: str
    slug: str


class Users(Protocol):
    """Who knows what is built from which upload."""

    def __call__(self, uploads: Sequence[Upload]) -> dict[str, list[Use]]:
        """By the upload's id; asked anew inside the transaction that deletes. A constant number of queries."""
