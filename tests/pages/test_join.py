"""The door for who was invited."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.cast import PASSWORD, Cast, make_user
from tests.pages.reading import get, post
from webapp.audit.models import Entry
from webapp.teams.models import Invitation, Membership, User

pytestmark = pytest.mark.thorough

NEW = {"username": "mate", "password": PASSWORD}


def offered(cast: Cast, username: str = "", role: str = "operator") -> str:
    """The link that the owner is shown, without its host."""
    answer = cast.client("owner").post(reverse("invite", args=[cast.team.id]), {"username": username, "role": role})
    link = re.search(r"http://testserver(/join/slwi_[\w-]+/)", answer.content.decode())
    assert link is not None
    return link[1]


def test_who_has_no_account_makes_one_and_is_in_the_team(cast: Cast) -> None:
    link, guest = offered(cast), Client()
    assert "invites you as <strong>operator</strong>" in get(guest, link)
    answer = guest.post(link, NEW)
    assert answer.status_code == 302
    assert Membership.objects.get(user__username="mate").role == "operator"
    assert cast.project.name in get(guest, answer["Location"])
    assert Entry.objects.filter(action="auth.sign_in", actor="mate", outcome="done").exists()
    assert post(Client(), link, **{**NEW, "username": "second"}) == 410
    assert not User.objects.filter(username="second").exists()


def test_what_is_wrong_is_told_at_its_field_and_the_link_stays_good(cast: Cast) -> None:
    link = offered(cast)
    weak = Client().post(link, {**NEW, "password": "password"})
    assert weak.status_code == 400 and 'class="error"' in weak.content.decode()
    assert post(Client(), link, **{**NEW, "username": "owner"}) == 409
    assert post(Client(), link, **NEW) == 302


def test_who_has_an_account_signs_in_and_comes_back(cast: Cast) -> None:
    link, guest = offered(cast), Client()
    make_user("guest")
    door = re.search(r'href="(/sign-in/\?next=[^"]+)"', get(guest, link))
    assert door is not None
    answer = guest.post(door[1], {"username": "guest", "password": PASSWORD, "next": link})
    assert answer["Location"] == link
    assert "Join the team" in get(guest, link)
    assert post(guest, link) == 302
    assert Membership.objects.get(user__username="guest").role == "operator"


def test_one_for_a_named_person_leads_to_the_door_and_is_nobody_elses(cast: Cast) -> None:
    make_user("guest")
    link = offered(cast, "guest")
    answer = Client().get(link, follow=True)
    assert answer.redirect_chain[0][0].startswith("/sign-in/?next=")
    assert "Sign in under that name" in answer.content.decode()
    assert Client().post(link, NEW).status_code == 302 and not User.objects.filter(username="mate").exists()
    assert cast.client("stranger").get(link).status_code == 404
    assert post(cast.client("stranger"), link) == 404
    assert Invitation.objects.get().accepted_at is None


def test_a_member_does_not_spend_it(cast: Cast) -> None:
    link = offered(cast)
    assert post(cast.client("viewer"), link) == 409
    assert post(cast.client("stranger"), link) == 302


def test_a_name_without_an_account_is_invited_like_any_and_the_page_says_what_else_to_do(cast: Cast) -> None:
    answer = cast.client("owner").post(reverse("invite", args=[cast.team.id]), {"username": "nobody", "role": "viewer"})
    assert answer.status_code == 200
    assert "Who has no account yet needs an invitation without a name." in answer.content.decode()


def test_names_are_not_tried_out_by_a_link(cast: Cast) -> None:
    link = offered(cast)
    statuses = [post(Client(), link, **{**NEW, "username": "owner"}) for _ in range(31)]
    assert statuses[0] == 409 and statuses[-1] == 429
    assert Client().post(link, {"username": "owner", "password": "password"}).status_code == 429


def test_the_door_says_what_to_do_with_a_code(cast: Cast) -> None:
    link, guest = offered(cast), Client()
    assert reverse("join_ask") in get(guest, reverse("sign_in"))
    get(guest, reverse("join_ask"))
    code = link.split("/")[2]
    assert guest.post(reverse("join_ask"), {"code": f" {code} "})["Location"] == link


def test_guessing_is_slowed_down_and_told(cast: Cast) -> None:
    statuses = [Client().get("/join/slwi_guess/").status_code for _ in range(31)]
    assert statuses[0] == 404 and statuses[-1] == 429
    told = Entry.objects.get(action="invite.denied")
    assert told.outcome == "refused" and "slwi_guess" not in told.reason + told.target
