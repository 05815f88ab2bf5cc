"""What the frame of every page needs."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

ELSEWHERE = "projects"  # what belongs to no other entry is a thing of a project
HERE, WITHIN = "page", "true"  # values of aria-current


@dataclass(frozen=True)
class Place:
    """An entry of the sidebar; `current` is how it is marked as the present place, or empty."""

    name: str
    title: str
    icon: str
    url: str
    current: str


@dataclass(frozen=True)
class Shell:
    """The frame: at most seven entries, and one's own account at the foot."""

    places: tuple[Place, ...]
    account: Place


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
# Where the path of a page does not begin as its list's does.
ALSO = {"members": "teams", "invitations": "teams", "isolation": "hosts"}


def shell(request: HttpRequest) -> dict[str, Shell]:
    """`shell` for templates."""
    here = _place_of(request)
    actor = getattr(request, "actor", None)  # none on the page of a failure before the middleware
    admin = actor is not None and actor.site_admin
    places = [_entry(request, *place, here=here) for place in PLACES if admin or place[0] not in OF_SITE_ADMINS]
    account = _entry(request, "account", "Your account", "user", here=here)
    return {"shell": Shell(places=tuple(places), account=account)}


def _entry(request: HttpRequest, name: str, title: str, icon: str, *, here: str) -> Place:
    url = reverse(name)
    current = HERE if request.path == url else WITHIN if name == here else ""
    return Place(name=name, title=title, icon=icon, url=url, current=current)


def _place_of(request: HttpRequest) -> str:
    """The entry under which this page is found; none where there is no page."""
    if request.resolver_match is None:
        return ""
    for name in (*(place[0] for place in PLACES), "account"):
        if request.path.startswith(reverse(name)):
            return name
    return ALSO.get(request.path.split("/")[1], ELSEWHERE)
