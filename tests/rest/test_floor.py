"""The floor under every endpoint: credentials, problems, strictness."""

import pytest
from django.test import Client

from tests.cast import Cast
from webapp.audit.models import Entry


def test_nobody_gets_401_with_a_challenge_as_a_problem_document(db: None) -> None:
    answer = Client().get("/api/v1/me/")
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert set(answer.json()) == {"type", "title", "status", "detail", "code"}
    assert answer.json()["code"] == "auth.missing"
    assert Entry.objects.get().action == "auth.missing"


def test_a_person_and_their_token_are_the_same_person(cast: Cast) -> None:
    by_session = cast.client("developer").get("/api/v1/me/").json()
    by_token = cast.bearer("developer", "build").get("/api/v1/me/").json()
    assert by_session["user"] == by_token["user"]
    assert "define" in by_session["teams"][0]["actions"]
    assert by_token["teams"][0]["actions"] == ["build", "see"]


def test_an_address_that_is_none_is_answered_as_a_problem(cast: Cast) -> None:
    answer = cast.client("owner").get("/api/v1/nothing/here/")
    assert answer.status_code == 404
    assert answer.json()["code"] == "missing"


def test_every_answer_names_its_request(cast: Cast) -> None:
    answer = cast.client("owner").get("/api/v1/me/")
    assert len(answer.headers["X-Request-ID"]) == 26


@pytest.mark.parametrize("name", ["schema/", "docs/"])
def test_the_description_is_there(cast: Cast, name: str) -> None:
    answer = cast.client("viewer").get(f"/api/v1/{name}")
    assert answer.status_code == 200


def test_the_api_begins_with_a_list_of_its_places(cast: Cast) -> None:
    places = {place["name"]: place["url"] for place in cast.client("viewer").get("/api/v1/").json()["places"]}
    assert places["projects"] == "http://testserver/api/v1/projects/" and {"me", "deployments", "schema"} <= set(places)
    assert not [url for url in places.values() if "{" in url]
    assert Client().get("/api/v1/").status_code == 401


@pytest.mark.parametrize(
    ("list_of", "field"), [("images", "project"), ("deployments", "environment"), ("audit", "team"), ("tokens", "team")]
)
def test_a_name_in_the_place_of_an_id_is_refused_at_its_field(cast: Cast, list_of: str, field: str) -> None:
    for text in ("harbour", "", cast.project.id.upper(), f"{cast.project.id}x"):
        answer = cast.client("owner").get(f"/api/v1/{list_of}/", {field: text})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert cast.client("owner").get(f"/api/v1/{list_of}/", {field: "0" * 26}).json()["results"] == []
