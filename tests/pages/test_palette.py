"""The palette: it offers what one may reach, and nothing that one may not."""

import pytest
from django.urls import reverse

from tests.cast import EVERYBODY, ROLES, Cast
from webapp.pages.of_project import PAGES
from webapp.teams.policy import ROLES as TABLE
from webapp.teams.policy import Action

pytestmark = pytest.mark.thorough


def offered(cast: Cast, who: str) -> dict[str, str]:
    """Addresses by title and hint."""
    entries = cast.client(who).get(reverse("palette")).json()["entries"]
    return {f"{entry['title']} ({entry['hint']})": entry["url"] for entry in entries}


@pytest.mark.parametrize("who", EVERYBODY)
def test_every_place_offered_is_there(cast: Cast, who: str) -> None:
    found = offered(cast, who)
    for title, url in found.items():
        assert cast.client(who).get(url).status_code == 200, title


@pytest.mark.parametrize("who", EVERYBODY)
def test_places_of_the_team_are_offered_to_its_members(cast: Cast, who: str) -> None:
    urls = offered(cast, who).values()
    assert (reverse("board", args=[cast.project.id]) in urls) == (who in ROLES)
    assert (reverse("environment", args=[cast.dev.id]) in urls) == (who in ROLES)


def test_every_tab_of_a_project_is_offered(cast: Cast) -> None:
    urls = offered(cast, "viewer").values()
    assert all(reverse(page.name, args=[cast.project.id]) in urls for page in PAGES)


@pytest.mark.parametrize("who", ROLES)
def test_acts_are_offered_by_right(cast: Cast, who: str) -> None:
    urls = offered(cast, who).values()
    assert (reverse("service_new", args=[cast.project.id]) in urls) == (Action.DEFINE in TABLE[who])
    assert (reverse("environment_new", args=[cast.project.id]) in urls) == (Action.OPERATE in TABLE[who])
    assert reverse("host_enroll") not in urls


def test_nobody_is_sent_to_sign_in(cast: Cast) -> None:
    cast.client("owner").logout()
    assert cast.client("owner").get(reverse("palette")).status_code == 302
