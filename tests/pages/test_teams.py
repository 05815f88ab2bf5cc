"""Pages of teams: people, offers, the table of rights."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.cast import ROLES, Cast, make_user
from tests.pages.reading import get, post
from webapp.teams.models import Membership, Team
from webapp.teams.policy import ROLES as TABLE
from webapp.teams.policy import Action

pytestmark = pytest.mark.thorough


@pytest.mark.parametrize("who", [*ROLES, "stranger", "admin"])
def test_teams_list_and_page(cast: Cast, who: str) -> None:
    get(cast.client(who), reverse("teams"))
    get(cast.client(who), reverse("team_new"))
    get(cast.client(who), reverse("invitation_accept"))
    url = reverse("team", args=[cast.team.id])
    if who == "stranger":
        assert cast.client(who).get(url).status_code == 404
        return
    html = get(cast.client(who), url)
    assert ("Invite somebody" in html) == (who in ("owner", "admin"))
    assert (cast.project.name in html) == (who != "admin")


def test_the_matrix_is_the_table_that_is_enforced(cast: Cast) -> None:
    html = get(cast.client("viewer"), reverse("team", args=[cast.team.id]))
    rows = re.findall(r"<code>(\w+)</code>.*?</tr>", html, re.S)
    assert rows == [action.value for action in Action]
    printed = html.split('id="rights"')[1]
    assert printed.count(">yes<") == sum(len(actions) for actions in TABLE.values())


def test_whoever_makes_a_team_lands_on_it(cast: Cast) -> None:
    answer = cast.client("viewer").post(reverse("team_new"), {"slug": "mine", "name": "Mine"})
    assert answer["Location"] == reverse("team", args=[Team.objects.get(slug="mine").id])
    assert post(cast.client("viewer"), reverse("team_new"), slug="mine", name="Mine") == 409


def test_an_invitation_is_shown_once_and_spent_by_the_invited(cast: Cast) -> None:
    guest = Client()
    guest.force_login(make_user("guest"))
    html = cast.client("owner").post(reverse("invite", args=[cast.team.id]), {"username": "guest", "role": "developer"})
    code = re.search(r"slwi_[\w-]+", html.content.decode())
    assert code is not None
    assert code[0] not in get(cast.client("owner"), reverse("team", args=[cast.team.id]))
    assert post(cast.client("stranger"), reverse("invitation_accept"), code=code[0]) == 404
    assert post(guest, reverse("invitation_accept"), code=code[0]) == 302
    assert Membership.objects.filter(team=cast.team, user__username="guest", role="developer").exists()
    assert post(guest, reverse("invitation_accept"), code=code[0]) == 410


def test_offers_are_the_owners_to_make_and_to_take_back(cast: Cast) -> None:
    url = reverse("invite", args=[cast.team.id])
    assert post(cast.client("operator"), url, username="x", role="viewer") == 403
    assert post(cast.client("stranger"), url, username="x", role="viewer") == 404
    assert post(cast.client("owner"), url, username="", role="viewer") == 200
    offer = cast.team.invitations.get()
    withdraw = reverse("invitation_withdraw", args=[offer.id])
    assert post(cast.client("stranger"), withdraw) == 404
    assert post(cast.client("operator"), withdraw) == 403
    assert post(cast.client("owner"), withdraw) == 302
    assert not cast.team.invitations.exists()


def test_roles_are_the_owners_to_change_and_the_last_owner_stays(cast: Cast) -> None:
    viewer = Membership.objects.get(team=cast.team, user__username="viewer")
    owner = Membership.objects.get(team=cast.team, user__username="owner")
    url = reverse("member_role", args=[viewer.id])
    get(cast.client("owner"), url)
    assert cast.client("stranger").get(url).status_code == 404
    assert post(cast.client("operator"), url, role="owner") == 403
    assert post(cast.client("owner"), url, role="king") == 422
    assert post(cast.client("owner"), url, role="developer") == 302
    viewer.refresh_from_db()
    assert viewer.role == "developer"
    assert post(cast.client("owner"), reverse("member_role", args=[owner.id]), role="viewer") == 409
    assert post(cast.client("owner"), reverse("member_remove", args=[owner.id])) == 409


def test_a_member_leaves_and_then_sees_nothing(cast: Cast) -> None:
    membership = Membership.objects.get(team=cast.team, user__username="viewer")
    assert post(cast.client("developer"), reverse("member_remove", args=[membership.id])) == 403
    assert post(cast.client("viewer"), reverse("member_remove", args=[membership.id])) == 302
    assert cast.client("viewer").get(reverse("team", args=[cast.team.id])).status_code == 404


def test_renaming_and_ending_a_team(cast: Cast) -> None:
    url = reverse("team_rename", args=[cast.team.id])
    get(cast.client("owner"), url)
    assert post(cast.client("operator"), url, name="Other") == 403
    assert post(cast.client("owner"), url, name="Other") == 302
    end = reverse("team_delete", args=[cast.team.id])
    assert post(cast.client("operator"), end) == 403
    assert post(cast.client("owner"), end) == 409
