"""What the frame of every page needs."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse


@dataclass(frozen=True)
class Place:
    """An entry of the sidebar."""

    name: str
    title: str
    icon: str
    url: str
    current: bool


@dataclass(frozen=True)
class Shell:
    """The frame: at most seven entries."""

    places: tuple[Place, ...]


PLACES = (
    ("projects", "Projects", "layout-board"),
    ("hosts", "Hosts", "server"),
    ("teams", "Teams", "users"),
    ("people", "People", "user"),
    ("tokens", "Tokens", "key"),
    ("audit", "Audit", "list-details"),
    ("api-docs", "API", "code"),
)
OF_SITE_ADMINS = frozenset({"people"})


def shell(request: HttpRequest) -> dict[str, Shell]:
    """`shell` for templates."""
    places = []
    actor = getattr(request, "actor", None)  # none on the page of a failure before the middleware
    admin = actor is not None and actor.site_admin
    for name, title, icon in PLACES:
        if name in OF_SITE_ADMINS and not admin:
            continue
        url = reverse(name)
        places.append(Place(name=name, title=title, icon=icon, url=url, current=request.path.startswith(url)))
    return {"shell": Shell(places=tuple(places))}
