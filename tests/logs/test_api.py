"""Logs by the API."""

import json
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient, Client

from tests.cast import Cast
from tests.logs.given import lines, rows
from webapp.logs import archive, tail
from webapp.logs import services as logs
from webapp.logs.api import still_may_see
from webapp.logs.models import Log
from webapp.logs.services import open_log
from webapp.teams.models import Membership, User

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.live.urls")]


@pytest.fixture
def written(cast: Cast, redis_url: str) -> Log:
    """A log of the team with ten archived lines and five more."""
    log = open_log(project=cast.project, kind="build")
    tail.append(log_id=log.id, first=1, lines=lines(1, 10))
    archive.archive_log(log.id)
    tail.append(log_id=log.id, first=11, lines=lines(11, 15))
    return log


async def text_of(secret: str, path: str, accept: str) -> str:
    headers = {"Accept": accept, "Authorization": f"Bearer {secret}"}
    answer: Any = await AsyncClient().get(path, headers=headers)
    assert answer.streaming
    return b"".join([piece async for piece in answer]).decode()


def as_lists(first: int, last: int) -> list[list[object]]:
    return [list(row) for row in rows(first, last)]


def test_a_page_of_lines(cast: Cast, written: Log) -> None:
    page = cast.client("viewer").get(f"/api/v1/logs/{written.id}/lines/?after=8&limit=4").json()
    assert page == {"results": as_lists(9, 12), "end": None, "last": 12}


def test_a_filtered_page(cast: Cast, written: Log) -> None:
    page = cast.client("viewer").get(f"/api/v1/logs/{written.id}/lines/?stream=e&q=line+1").json()
    assert [row[0] for row in page["results"]] == [10, 15]


def test_the_log_itself_and_its_end(cast: Cast, written: Log) -> None:
    assert cast.client("viewer").get(f"/api/v1/logs/{written.id}/").json()["end"] is None
    logs.end_log(log=written, state="succeeded")
    assert cast.client("viewer").get(f"/api/v1/logs/{written.id}/").json()["end"] == {"state": "succeeded", "lines": 15}


@pytest.mark.django_db(transaction=True)
async def test_the_download_and_ndjson(cast: Cast, written: Log) -> None:
    _, secret = await sync_to_async(cast.token)("viewer", "read")
    path = f"/api/v1/logs/{written.id}/lines/"
    assert await text_of(secret, path, "text/plain") == "".join(f"line {n}\n" for n in range(1, 16))
    streamed = await text_of(secret, f"{path}?after=3", "application/x-ndjson")
    assert [json.loads(line) for line in streamed.splitlines()] == as_lists(4, 15)


@pytest.mark.django_db(transaction=True)
async def test_a_followed_log_ends_with_the_log(cast: Cast, written: Log) -> None:
    _, secret = await sync_to_async(cast.token)("viewer", "read")
    await sync_to_async(logs.end_log)(log=written, state="succeeded")
    streamed = await text_of(secret, f"/api/v1/logs/{written.id}/lines/?follow=1", "application/x-ndjson")
    assert [json.loads(line) for line in streamed.splitlines() if line] == as_lists(1, 15)


def test_a_stranger_finds_no_log(cast: Cast, written: Log) -> None:
    for name in ("stranger", "admin"):
        for path in (f"/api/v1/logs/{written.id}/", f"/api/v1/logs/{written.id}/lines/"):
            assert cast.client(name).get(path).status_code == 404
    assert Client().get(f"/api/v1/logs/{written.id}/lines/").status_code == 401


@pytest.mark.parametrize(
    "query", ["after=-1", "after=x", "limit=0", "limit=999999", "stream=x", "more=1", "q=" + "x" * 501]
)
def test_what_is_not_right_in_the_query_is_named(cast: Cast, written: Log, query: str) -> None:
    answer = cast.client("viewer").get(f"/api/v1/logs/{written.id}/lines/?{query}")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [query.split("=")[0]]


def test_a_stream_asks_again_for_its_right(cast: Cast, written: Log) -> None:
    actor = cast.actor("viewer")
    assert still_may_see(actor, written.id)
    User.objects.filter(username="viewer").update(password="another")
    assert not still_may_see(actor, written.id)
    Membership.objects.filter(user__username="viewer").delete()
    assert not still_may_see(cast.actor("viewer"), written.id)
