"""The page of people, which is the site admin's."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.cast import EVERYBODY, PASSWORD, Cast
from tests.pages.reading import SCRIPT, get, post
from webapp.audit.models import Entry
from webapp.teams.models import User

pytestmark = pytest.mark.thorough

URL = "/people/"


def sign_in(username: str, password: str) -> int:
    return post(Client(), "/sign-in/", username=username, password=password)


def shown(html: str) -> str:
    found = re.search(r'data-copy="([\w-]{20})"', html)
    assert found is not None
    return found[1]


def at(cast: Cast, name: str, who: str = "viewer") -> str:
    return reverse(name, args=[cast.users[who].id])


@pytest.mark.parametrize("who", EVERYBODY)
def test_only_a_site_admin_finds_it(cast: Cast, who: str) -> None:
    assert (f'href="{URL}"' in get(cast.client(who), reverse("teams"))) == (who == "admin")
    assert cast.client(who).get(URL).status_code == (200 if who == "admin" else 403)


def test_everybody_is_there_with_their_teams(cast: Cast) -> None:
    html = get(cast.client("admin"), URL)
    for name in EVERYBODY:
        assert name in html
    assert reverse("team", args=[cast.rivals.id]) in html


def test_a_new_person_signs_in_with_the_password_that_is_shown_once(cast: Cast) -> None:
    answer = cast.client("admin").post(URL, {"username": "mate", "email": "mate@example.org"})
    password = shown(answer.content.decode())
    assert sign_in("mate", password) == 302
    assert password not in get(cast.client("admin"), URL)
    assert Entry.objects.get(action="user.created").actor == "admin"
    assert post(cast.client("admin"), URL, username="mate") == 409
    assert post(cast.client("admin"), URL, username="no/name") == 400


def test_a_lost_password_is_replaced(cast: Cast) -> None:
    password = shown(cast.client("admin").post(at(cast, "person_password")).content.decode())
    assert sign_in("viewer", PASSWORD) == 401
    assert sign_in("viewer", password) == 302


def test_who_is_deactivated_is_out_until_let_in_again(cast: Cast) -> None:
    signed_in = cast.client("viewer")
    assert post(cast.client("admin"), at(cast, "person_activity"), active="no") == 302
    assert signed_in.get(reverse("teams")).status_code == 302 and sign_in("viewer", PASSWORD) == 401
    assert post(cast.client("admin"), at(cast, "person_activity"), active="no") == 302
    assert post(cast.client("admin"), at(cast, "person_activity"), active="yes") == 302
    assert sign_in("viewer", PASSWORD) == 302
    told = Entry.objects.filter(action__in=["user.deactivated", "user.activated"])
    assert [entry.action for entry in told.order_by("number")] == ["user.deactivated", "user.activated"]


def test_a_site_admin_is_made_and_unmade_but_the_last_one_stays(cast: Cast) -> None:
    for name, fields in (("person_site_admin", {"site_admin": "no"}), ("person_activity", {"active": "no"})):
        answer = cast.client("admin").post(at(cast, name, "admin"), fields)
        assert answer.status_code == 409 and "one site admin at least" in answer.content.decode()
    assert post(cast.client("admin"), at(cast, "person_site_admin"), site_admin="yes") == 302
    assert cast.client("viewer").get(URL).status_code == 200
    assert post(cast.client("viewer"), at(cast, "person_site_admin", "admin"), site_admin="no") == 302
    assert cast.client("admin").get(URL).status_code == 403
    assert Entry.objects.filter(action="user.no_longer_site_admin", actor="viewer").exists()


@pytest.mark.parametrize("name", ["person_password", "person_activity", "person_site_admin"])
def test_nobody_else_changes_anybody_and_nobody_tells_who_is_there(cast: Cast, name: str) -> None:
    before = User.objects.values("id", "password", "is_active", "is_superuser").order_by("id")
    was = list(before)
    assert post(cast.client("owner"), at(cast, name), active="no", site_admin="yes") == 403
    assert post(cast.client("owner"), reverse(name, args=["nobody"])) == 403
    assert post(cast.client("admin"), reverse(name, args=["nobody"])) == 404
    assert list(before.all()) == was


def test_a_name_is_text(cast: Cast) -> None:
    User.objects.filter(username="viewer").update(email=SCRIPT)
    assert SCRIPT not in get(cast.client("admin"), URL)
