"""The API of the lint: what an editor asks while somebody types."""

from typing import Any

import pytest
from django.test import Client

from tests.cast import Cast

PATH = "/api/v1/dockerfile-checks/"


def asked(client: Client, body: Any) -> Any:
    return client.post(PATH, body, content_type="application/json")


@pytest.mark.parametrize("who", ["viewer", "stranger"])
def test_whoever_is_known_is_told_what_is_wrong_and_where(cast: Cast, who: str) -> None:
    answer = asked(cast.bearer(who), {"dockerfile": "FROM a:1\nCOPY x /", "files": ["y"]})
    assert answer.status_code == 200
    assert answer.json()["findings"] == [
        {
            "code": "missing-file",
            "level": "error",
            "line": 2,
            "last": 2,
            "text": "There is no x beside the Dockerfile: add it under Files, or correct the name.",
        }
    ]


def test_where_the_files_are_not_known_none_is_missed(cast: Cast) -> None:
    client = cast.bearer("viewer")
    for body in ({"dockerfile": "FROM a:1\nCOPY x /"}, {"dockerfile": "FROM a:1\nCOPY x /", "files": None}):
        assert asked(client, body).json() == {"findings": []}


@pytest.mark.parametrize(
    "body", [{}, {"dockerfile": 1}, {"dockerfile": "FROM a", "files": ["x" * 501]}, {"dockerfile": "", "line": 1}]
)
def test_what_is_no_question_gets_a_clear_answer(cast: Cast, body: dict[str, Any]) -> None:
    answer = asked(cast.bearer("viewer"), body)
    assert answer.status_code == 400 and answer.json()["errors"]


@pytest.mark.django_db
def test_nobody_gets_none(client: Client) -> None:
    assert asked(client, {"dockerfile": ""}).status_code == 401
