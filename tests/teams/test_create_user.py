"""A second person is made by one command, so that there are four eyes."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from tests.cast import Cast
from webapp.audit.models import Entry
from webapp.teams.models import User


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("create_user", *arguments, stdout=out)
    return out.getvalue()


def test_the_new_person_signs_in_and_has_the_role(cast: Cast) -> None:
    text = said("mate", "--team", cast.team.slug, "--role", "operator")
    password = text.split("password ")[1].split(",")[0]
    answer = Client().post("/sign-in/", {"username": "mate", "password": password})
    assert answer.status_code == 302
    assert User.objects.get(username="mate").memberships.get(team=cast.team).role == "operator"
    assert {"user.created", "member.added"} <= set(Entry.objects.values_list("action", flat=True))


def test_without_a_team_there_is_an_account_alone(cast: Cast) -> None:
    said("mate")
    user = User.objects.get(username="mate")
    assert not user.memberships.exists() and not user.is_superuser


@pytest.mark.parametrize("arguments", [["owner"], ["mate", "--team", "nowhere"], ["no/name"]])
def test_what_cannot_be_is_said_and_nothing_is_made(cast: Cast, arguments: list[str]) -> None:
    before = User.objects.count()
    with pytest.raises(CommandError) as refused:
        said(*arguments)
    assert str(refused.value).strip() and User.objects.count() == before


def test_a_team_that_cannot_take_the_person_leaves_no_account_behind(cast: Cast) -> None:
    with pytest.raises(CommandError):
        call_command("create_user", "mate", "--team", cast.team.slug, "--role", "captain")
    assert not User.objects.filter(username="mate").exists()
