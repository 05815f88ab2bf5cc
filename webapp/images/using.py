"""What rooms above tell this one of who uses an image: it asks, and knows none of them (see `webapp.pages.urls`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from webapp.images.models import Image
from webapp.problems import Conflicting


@dataclass(frozen=True)
class Use:
    """A service that needs an image. `runs`: it is defined with it; else only releases name builds of it."""

    id: str
    slug: str
    runs: bool


class Users(Protocol):
    """Who knows what is made of images."""

    def __call__(self, image: Image) -> Sequence[Use]:
        """By short name; asked anew inside the transaction that deletes. A constant number of queries."""


def refuse_used(image: Image, users: Users) -> None:
    """Raise `Conflicting` while something needs the image, with what to do about it."""
    uses = users(image)
    running = [use.slug for use in uses if use.runs]
    if running:
        said = f"Services use this image: {', '.join(running)}. Give them another one first."
        raise Conflicting(code="image.in_use", detail=said)
    if uses:
        raise still_named([use.slug for use in uses])


def still_named(slugs: Sequence[str] = ()) -> Conflicting:
    """The refusal when releases name builds of the image, of these services as far as they are known."""
    of = f" of {', '.join(slugs)}" if slugs else ""
    said = f"Releases{of} were made of its builds, and are kept to roll back to. Keep the image, or delete "
    said += "the services with their releases first."
    return Conflicting(code="image.in_releases", detail=said)
