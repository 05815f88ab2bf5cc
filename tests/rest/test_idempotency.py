"""`Idempotency-Key`: sent twice, done once, answered alike."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils.timezone import now

from tests.cast import Cast
from webapp.rest import idempotency
from webapp.rest.models import IdempotentAnswer
from webapp.teams.models import Project, Team
from webapp.teams.services import projects

pytestmark = pytest.mark.thorough

JSON = "application/json"
PATH = "/api/v1/projects/"


def make(cast: Cast, *, who: str = "owner", key: str = "k1", slug: str = "new", **more: Any) -> Any:
    body = {"team": cast.team.id, "slug": slug, "name": "New", **more}
    return cast.client(who).post(PATH, body, JSON, headers={"Idempotency-Key": key})


def test_sent_again_it_is_answered_again_and_done_once(cast: Cast) -> None:
    first, again = make(cast), make(cast)
    assert (first.status_code, again.status_code) == (201, 201), first.content
    assert first.json() == again.json()
    assert "Idempotency-Replayed" not in first.headers and again.headers["Idempotency-Replayed"] == "true"
    assert Project.objects.filter(slug="new").count() == 1


def test_a_key_is_for_one_request(cast: Cast) -> None:
    make(cast)
    other = make(cast, slug="other")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency.other")


def test_what_was_refused_may_be_tried_again(cast: Cast) -> None:
    assert make(cast, slug="No!").status_code == 400
    assert make(cast).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_sent_while_the_first_is_under_way_it_waits_for_its_answer(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    entered, go = threading.Event(), threading.Event()
    create = projects.create_project
    answers: list[Any] = []

    def slow(**given: Any) -> Project:
        entered.set()
        go.wait(10)
        return create(**given)

    def send() -> None:
        try:
            answers.append(make(cast))
        finally:
            connection.close()

    monkeypatch.setattr("webapp.teams.api.projects.services.create_project", slow)
    cast.client("owner")  # signed in before the threads begin
    first, second = threading.Thread(target=send), threading.Thread(target=send)
    first.start()
    assert entered.wait(5)
    second.start()
    second.join(0.5)
    assert second.is_alive()
    go.set()
    first.join(10)
    second.join(10)
    one, other = answers
    assert (one.status_code, other.status_code) == (201, 201)
    assert one.json() == other.json()
    assert Project.objects.filter(slug="new").count() == 1


def under_way(cast: Cast, **age: float) -> None:
    """The answer of the one request so far is not there."""
    assert make(cast).status_code == 201
    IdempotentAnswer.objects.update(status=None, answer=None, created_at=now() - timedelta(**age))


def test_a_first_request_that_does_not_end_is_told_after_a_while(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 0.3)
    under_way(cast, seconds=0)
    again = make(cast)
    assert (again.status_code, again.json()["code"], again.headers["Retry-After"]) == (
        409,
        "idempotency.under_way",
        "5",
    )


def test_one_that_was_cut_off_is_not_waited_for(cast: Cast) -> None:
    under_way(cast, hours=1)
    again = make(cast)
    assert (again.status_code, again.json()["code"]) == (409, "idempotency.cut_off")
    assert "Retry-After" not in again.headers


def test_a_body_that_is_large_or_no_json_is_not_kept(cast: Cast) -> None:
    large = make(cast, name="x" * (idempotency.MAX_BODY_BYTES + 1))
    assert large.status_code == 400
    headers = {"Idempotency-Key": "k2"}
    raw = cast.client("owner").post(PATH, b"\x00" * 100, "application/octet-stream", headers=headers)
    assert raw.status_code == 415
    assert not IdempotentAnswer.objects.exists()
    assert Team.objects.filter(id=cast.team.id).exists()


def test_anothers_key_is_another_key(cast: Cast) -> None:
    assert make(cast).status_code == 201
    assert make(cast, who="operator", slug="theirs").status_code != 409
