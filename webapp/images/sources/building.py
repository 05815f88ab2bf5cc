"""What a host is asked to do where an image is built from a Dockerfile, whatever that comes from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from runtime.contract.orders import BuildImage
from runtime.contract.source import Source
from webapp.images.bases import with_logins
from webapp.images.containers import Found
from webapp.teams.models import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One build as it is asked for: which, the name and labels of its image, and its frozen definition."""

    build: str
    number: int
    tag: str
    labels: dict[str, str]
    source: Mapping[str, Any]
    settings: Mapping[str, Any]
    project: Project
    found: Found | None = None  # of a kind that is made of a container


def build_order(asked: Asked) -> BuildImage:
    """The order for a source that the host makes a build context of, with what its base images may need."""
    source: Source = msgspec.convert(asked.source, type=Source)
    settings = asked.settings
    order = BuildImage(
        build=asked.build,
        number=asked.number,
        tag=asked.tag,
        source=source,
        args=settings["args"],
        target=settings["target"],
        no_cache=settings["no_cache"],
        timeout=settings["timeout"],
        labels=asked.labels,
        secrets=settings.get("secrets", {}),
    )
    return with_logins(order, asked.project)
