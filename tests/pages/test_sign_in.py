"""The door: who came in and who tried to, as the trail tells it."""

import pytest
from django.test import Client

from tests.cast import PASSWORD, Cast
from tests.pages.reading import post
from webapp.audit.models import Entry
from webapp.teams.services import users

URL = "/sign-in/"


def tries(username: str, password: str = "wrong") -> int:
    return post(Client(), URL, username=username, password=password)


def test_coming_in_and_leaving_are_told(cast: Cast) -> None:
    client = Client()
    assert post(client, URL, username="owner", password=PASSWORD) == 302
    assert post(client, "/sign-out/") == 302
    told = list(Entry.objects.filter(action__startswith="auth.").order_by("number"))
    assert [(entry.action, entry.actor, entry.outcome) for entry in told] == [
        ("auth.sign_in", "owner", "done"),
        ("auth.sign_out", "owner", "done"),
    ]
    assert told[0].ip and told[0].request_id


def test_a_failed_one_names_the_account_that_was_tried(cast: Cast) -> None:
    assert [tries("owner"), tries("owner"), tries("viewer")] == [401, 401, 401]
    told = Entry.objects.filter(action="auth.sign_in", outcome="refused").order_by("number")
    assert [(entry.actor, entry.target, entry.reason) for entry in told] == [
        ("", "owner", "wrong password"),
        ("", "viewer", "wrong password"),
    ]


def test_a_name_that_is_no_accounts_is_not_kept_for_it_may_be_a_password(cast: Cast) -> None:
    for typed in ("my secret sentence", "another one", "with\0nul"):
        assert tries(typed) == 401
    told = Entry.objects.get(action="auth.sign_in", outcome="refused")
    assert (told.target, told.reason) == ("", "unknown user name")
    assert "secret sentence" not in str(list(Entry.objects.values()))


def test_nobody_comes_in_whom_the_trail_cannot_tell_of(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(users, "record", full)
    client = Client(raise_request_exception=False)
    assert post(client, URL, username="owner", password=PASSWORD) == 500
    assert client.get("/projects/").status_code == 302
