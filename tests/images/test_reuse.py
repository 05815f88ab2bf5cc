"""What was built already need not be built again."""

from typing import Any

import pytest
from django.utils.timezone import now

from tests.deployments.rig import SOURCE, Harbour
from tests.images.given import GIT, an_image
from webapp.images.models import Build, Image
from webapp.images.services import change_image, retry_build, reuse_build
from webapp.problems import Forbidden, Invalid

pytestmark = pytest.mark.thorough

COMMIT, OTHER = "c" * 40, "d" * 40


def again(harbour: Harbour, image: Image | None = None, **asked: Any) -> Build | None:
    return reuse_build(actor=harbour.cast.actor("developer"), image=image or harbour.image, **asked)


def of_commit(harbour: Harbour, image: Image, commit: str = COMMIT) -> Build:
    build = harbour.built(image)
    Build.objects.filter(id=build.id).update(commit=commit)
    return build


def test_the_same_definition_needs_no_second_build(harbour: Harbour) -> None:
    assert again(harbour) is None
    harbour.built()
    newest = harbour.built()
    assert again(harbour) == newest
    change_image(actor=harbour.cast.actor("owner"), image=harbour.image, build={"timeout": 60})
    assert again(harbour) == newest  # how long it may take changes nothing of what comes out
    change_image(actor=harbour.cast.actor("owner"), image=harbour.image, build={"target": "last"})
    assert again(harbour) is None


@pytest.mark.parametrize("asked", [{"args": {"A": "1"}}, {"no_cache": True}])
def test_another_wish_is_another_build(harbour: Harbour, asked: dict[str, Any]) -> None:
    harbour.built()
    assert again(harbour, **asked) is None


def test_what_failed_or_is_gone_is_no_help(harbour: Harbour) -> None:
    build = harbour.built()
    for gone in ({"state": "failed"}, {"state": "succeeded", "expired_at": now()}, {"config_digest": ""}):
        Build.objects.filter(id=build.id).update(**gone)
        assert again(harbour) is None


def test_a_commit_in_full_is_known_and_a_branch_is_not(harbour: Harbour) -> None:
    git = an_image(harbour.cast, source=GIT)
    build = of_commit(harbour, git)
    assert again(harbour, git, ref=COMMIT) == build
    assert again(harbour, git, ref=OTHER) is None
    assert again(harbour, git) is None and again(harbour, git, ref="main") is None
    change_image(actor=harbour.cast.actor("owner"), image=git, source={**GIT, "directory": "web"})
    assert again(harbour, git, ref=COMMIT) is None


def test_a_reference_is_never_taken_for_the_same(harbour: Harbour) -> None:
    build = harbour.built()
    moved = {"source": {"kind": "reference", "reference": "busybox:1"}, "build": {}}
    Build.objects.filter(id=build.id).update(definition=moved)
    Image.objects.filter(id=harbour.image.id).update(**moved)
    assert again(harbour) is None


@pytest.mark.parametrize("name", ["viewer", "stranger", "admin"])
def test_who_may_not_build_is_told_of_none(harbour: Harbour, name: str) -> None:
    harbour.built()
    with pytest.raises(Forbidden):
        reuse_build(actor=harbour.cast.actor(name), image=harbour.image)
    with pytest.raises(Invalid):
        again(harbour, ref="main")  # no Git source


def test_the_api_answers_with_the_earlier_build_when_asked_to(harbour: Harbour) -> None:
    build = harbour.built()
    client, path = harbour.cast.bearer("developer"), f"/api/v1/images/{harbour.image.id}/builds/"
    answers: list[Any] = [
        client.post(path, body, "application/json") for body in ({"reuse": True}, {"reuse": False}, {})
    ]
    assert [answer.status_code for answer in answers] == [200, 202, 202]
    assert answers[0].json()["id"] == build.id and Build.objects.count() == 3


@pytest.mark.thorough
def test_the_page_says_which_and_how_sure_that_is(harbour: Harbour) -> None:
    cast = harbour.cast
    build = harbour.built()
    page = f"/images/{harbour.image.id}/"
    html = cast.client("developer").get(page).content.decode()
    assert "was made from exactly this" in html and f"Use build {build.number}" in html
    assert "exactly this" not in cast.client("viewer").get(page).content.decode()
    git = an_image(cast, source=GIT)
    of_commit(harbour, git)
    html = cast.client("developer").get(f"/images/{git.id}/").content.decode()
    assert "there may be a newer one now" in html and COMMIT in html
    change_image(actor=cast.actor("owner"), image=harbour.image, source={**SOURCE, "dockerfile": "FROM a"})
    assert "Use build" not in cast.client("developer").get(page).content.decode()


def test_asking_for_the_same_again_builds_it_again(harbour: Harbour) -> None:
    assert retry_build(actor=harbour.cast.actor("developer"), build=harbour.built()).number == 2
