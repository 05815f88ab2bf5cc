"""Pages of projects: the list, a new one, its settings, its end."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.cast import ROLES, Cast, make_user
from tests.pages.reading import SCRIPT, get, post
from webapp.teams.models import Project, Team
from webapp.teams.services import create_project

pytestmark = pytest.mark.thorough


@pytest.mark.parametrize("who", [*ROLES, "stranger", "admin"])
def test_everybody_sees_the_projects_of_their_teams_and_no_other(cast: Cast, who: str) -> None:
    html = get(cast.client(who), reverse("projects"))
    assert ("Web shop" in html) == (who in ROLES)
    assert ("Their shop" in html) == (who == "stranger")


def test_nobody_is_sent_to_sign_in(cast: Cast) -> None:
    answer = Client().get(reverse("projects"))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("sign_in"))
    assert Client().post(reverse("project_delete", args=[cast.project.id])).status_code == 302
    assert Project.objects.filter(id=cast.project.id).exists()


def test_a_person_without_a_team_is_told_the_next_step(cast: Cast) -> None:
    browser = Client()
    browser.force_login(make_user("newcomer"))
    assert reverse("team_new") in get(browser, reverse("projects"))


def test_a_developer_makes_a_project_and_lands_on_its_board(cast: Cast) -> None:
    get(cast.client("developer"), reverse("project_new"))
    fields = {"team": cast.team.id, "slug": "api", "name": "The API"}
    answer = cast.client("developer").post(reverse("project_new"), fields)
    assert answer.status_code == 302
    assert answer["Location"] == reverse("board", args=[Project.objects.get(slug="api").id])


def test_what_is_wrong_stands_at_the_field_with_the_input_kept(cast: Cast) -> None:
    fields = {"team": cast.team.id, "slug": "Not a slug", "name": "Kept"}
    answer = cast.client("owner").post(reverse("project_new"), fields)
    assert answer.status_code == 400
    html = answer.content.decode()
    assert "begins with a letter" in html
    assert 'value="Kept"' in html
    assert post(cast.client("owner"), reverse("project_new"), **(fields | {"slug": "web"})) == 409


def test_a_viewer_and_a_stranger_make_none_in_this_team(cast: Cast) -> None:
    for who in ("viewer", "stranger"):
        assert post(cast.client(who), reverse("project_new"), team=cast.team.id, slug="api", name="API") == 422
    assert not Project.objects.filter(slug="api").exists()


def test_settings_are_for_members_and_renaming_for_those_who_define(cast: Cast) -> None:
    url = reverse("project_settings", args=[cast.project.id])
    for who in ROLES:
        get(cast.client(who), url)
    assert cast.client("stranger").get(url).status_code == 404
    assert post(cast.client("viewer"), url, name="Mine") == 403
    assert post(cast.client("developer"), url, name="Renamed") == 302
    assert Project.objects.get(id=cast.project.id).name == "Renamed"


def test_only_an_owner_deletes_and_a_stranger_finds_nothing(cast: Cast) -> None:
    url = reverse(
        "project_delete", args=[create_project(actor=cast.actor("owner"), team=cast.team, slug="x", name="X").id]
    )
    assert cast.client("owner").get(url).status_code == 405
    assert post(cast.client("stranger"), url) == 404
    assert post(cast.client("operator"), url) == 403
    assert post(cast.client("owner"), url) == 302
    assert not Project.objects.filter(slug="x").exists()


def test_names_are_text_not_markup(cast: Cast) -> None:
    Project.objects.filter(id=cast.project.id).update(name=SCRIPT)
    Team.objects.filter(id=cast.team.id).update(name=SCRIPT)
    for url in (
        reverse("projects"),
        reverse("project_settings", args=[cast.project.id]),
        reverse("team", args=[cast.team.id]),
    ):
        html = get(cast.client("owner"), url)
        assert SCRIPT not in html
        assert "&lt;script&gt;alert(1)" in html
