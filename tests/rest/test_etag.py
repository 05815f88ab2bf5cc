"""`If-Match`: nobody overwrites or deletes what they have not seen."""

import contextlib
import threading
from typing import Any

import pytest
from django.db import connection
from rest_framework.request import Request

from tests.cast import Cast
from webapp.rest.etag import refuse_outdated

pytestmark = pytest.mark.thorough

JSON = "application/json"


def at(cast: Cast) -> str:
    return f"/api/v1/projects/{cast.project.id}/"


def test_a_change_of_what_was_seen_is_taken(cast: Cast) -> None:
    owner = cast.client("owner")
    tag = owner.get(at(cast)).headers["ETag"]
    answer = owner.patch(at(cast), {"name": "New"}, JSON, headers={"If-Match": f'"other", {tag}'})
    assert answer.status_code == 200, answer.content
    assert owner.get(at(cast)).headers["ETag"] != tag


@pytest.mark.parametrize("verb", ["patch", "delete"])
def test_a_change_of_what_has_changed_since_is_refused(verb: str, cast: Cast) -> None:
    owner = cast.client("owner")
    tag = owner.get(at(cast)).headers["ETag"]
    assert owner.patch(at(cast), {"name": "First"}, JSON).status_code == 200
    answer = getattr(owner, verb)(at(cast), {"name": "Second"}, JSON, headers={"If-Match": tag})
    assert (answer.status_code, answer.json()["code"]) == (412, "state.changed")
    assert owner.get(at(cast)).json()["name"] == "First"


def test_a_weak_tag_is_no_proof_and_a_star_means_any(cast: Cast) -> None:
    owner = cast.client("owner")
    tag = owner.get(at(cast)).headers["ETag"]
    assert owner.patch(at(cast), {"name": "New"}, JSON, headers={"If-Match": f"W/{tag}"}).status_code == 412
    assert owner.patch(at(cast), {"name": "New"}, JSON, headers={"If-Match": "*"}).status_code == 200


def test_a_stranger_learns_nothing_by_it(cast: Cast) -> None:
    answer = cast.client("stranger").patch(at(cast), {"name": "New"}, JSON, headers={"If-Match": '"x"'})
    assert answer.status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_two_changes_at_once_of_the_same_state_one_is_refused(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = cast.client("owner")
    tag = owner.get(at(cast)).headers["ETag"]
    barrier = threading.Barrier(2)
    answers: list[int] = []

    def look_together(request: Request, data: Any) -> None:
        refuse_outdated(request, data)
        with contextlib.suppress(threading.BrokenBarrierError):
            barrier.wait(1)  # both would be here, had both seen the same state

    def change(name: str) -> None:
        try:
            answers.append(
                cast.client("owner").patch(at(cast), {"name": name}, JSON, headers={"If-Match": tag}).status_code
            )
        finally:
            connection.close()

    monkeypatch.setattr("webapp.rest.views.refuse_outdated", look_together)
    both = [threading.Thread(target=change, args=(name,)) for name in ("First", "Second")]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(answers) == [200, 412]
