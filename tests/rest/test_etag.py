"""`If-Match`: nobody overwrites or deletes what they have not seen."""

import pytest

from tests.cast import Cast

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
