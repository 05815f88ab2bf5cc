"""The demo's button."""

from django.urls import reverse

from tests.cast import Cast
from tests.pages.reading import get, post
from webapp.teams.models import Project


def test_a_person_without_a_project_finds_the_button_and_lands_on_the_board(cast: Cast) -> None:
    client = cast.client("admin")
    assert "Make the demo" in get(client, reverse("projects"))
    answer = client.post(reverse("demo"))
    project = Project.objects.get(team__slug="demo")
    assert answer["Location"] == reverse("board", args=[project.id])
    assert post(client, reverse("demo")) == 302
    assert Project.objects.filter(team__slug="demo").count() == 1


def test_the_demo_of_others_is_refused(cast: Cast) -> None:
    assert post(cast.client("admin"), reverse("demo")) == 302
    assert post(cast.client("stranger"), reverse("demo")) == 409
