"""What the room above tells this one of who is served with a certificate (see `webapp.pages.urls`)."""

from collections.abc import Sequence
from typing import Protocol

from webapp.certificates.models import Certificate


class Users(Protocol):
    """Who knows what is served with which certificate."""

    def __call__(self, certificate: Certificate) -> Sequence[str]:
        """Services that would have none without it, as words; asked anew inside the transaction that deletes."""
