"""Definitions that tests of this room begin with."""

from typing import Any

from tests.cast import Cast
from tests.deployments.rig import SOURCE
from webapp.images.models import Image
from webapp.images.services import define_image

GIT: dict[str, Any] = {"kind": "git", "url": "https://git.example.org/team/shop.git"}


def an_image(cast: Cast, slug: str = "shop", source: dict[str, Any] | None = None, **build: Any) -> Image:
    """Defined by the developer, in the cast's project."""
    return define_image(
        actor=cast.actor("developer"), project=cast.project, slug=slug, source=source or SOURCE, build=build
    )
