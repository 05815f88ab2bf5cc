"""Defining, changing and deleting images."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.cast import Cast
from tests.deployments.rig import SOURCE, Harbour
from tests.images.given import GIT, an_image
from webapp.audit.models import Entry
from webapp.deployments.services import change_service
from webapp.deployments.using import users
from webapp.images.models import Build, Image
from webapp.images.services import change_image, defining, delete_image, request_build
from webapp.jobs.models import Job
from webapp.logs.models import Log
from webapp.problems import Conflicting, Forbidden, Invalid

pytestmark = pytest.mark.thorough

BAD_SLUGS = [
    "", "A", "a; rm -rf /", "$(id)", "`id`", "a\nb", "a\n", "--privileged", "-a", "a-", ".", "..", "a/b", "a b", "a ",
    "a" * 41, "9a", "a_b", "ä", "\u0430", "🚢", "a\x00",
]  # fmt: skip
Act = Callable[[], object]
STRANGERS = ("viewer", "stranger", "admin")


def told(action: str) -> int:
    return Entry.objects.filter(action=action, outcome="done").count()


def test_a_definition_is_kept_normalised_and_told(cast: Cast) -> None:
    image = an_image(cast, source={**GIT, "credential": "GIT_LOGIN"}, args={"VERSION": "1"}, cache=False)
    image.refresh_from_db()
    assert image.source == {**GIT, "ref": None, "directory": ".", "dockerfile": "Dockerfile", "credential": "GIT_LOGIN"}
    assert image.build == {"args": {"VERSION": "1"}, "target": None, "timeout": 3600, "no_cache": True}
    assert image.revision == 1 and told("image.define") == 1


@pytest.mark.parametrize("slug", BAD_SLUGS)
def test_a_name_that_means_more_than_a_name_is_refused(cast: Cast, slug: str) -> None:
    with pytest.raises(Invalid) as refused:
        an_image(cast, slug)
    assert list(refused.value.errors) == ["slug"]
    image = an_image(cast)
    with pytest.raises(Invalid):
        change_image(actor=cast.actor("developer"), image=image, slug=slug or "-")
    assert Image.objects.get().slug == "shop" and told("image.change") == 0


def test_a_name_is_taken_once_in_a_project_and_free_in_another(cast: Cast) -> None:
    an_image(cast)
    other = an_image(cast, "other")
    ways: list[Act] = [
        lambda: an_image(cast),
        lambda: change_image(actor=cast.actor("owner"), image=other, slug="shop"),
    ]
    for again in ways:
        with pytest.raises(Conflicting) as refused:
            again()
        assert refused.value.code == "image.slug_taken"
    defining.define_image(actor=cast.actor("stranger"), project=cast.foreign_project, slug="shop", source=SOURCE)
    assert Image.objects.count() == 3


def test_a_project_has_an_end(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(defining, "MAX_IMAGES", 1)
    an_image(cast)
    with pytest.raises(Conflicting, match="at most 1"):
        an_image(cast, "second")


@pytest.mark.parametrize("name", STRANGERS)
def test_who_may_not_define_changes_nothing(cast: Cast, name: str) -> None:
    image, actor = an_image(cast), cast.actor(name)
    acts: list[Act] = [
        lambda: defining.define_image(actor=actor, project=cast.project, slug="mine", source=SOURCE),
        lambda: change_image(actor=actor, image=image, slug="mine"),
        lambda: delete_image(actor=actor, image=image, users=users),
    ]
    for act in acts:
        with pytest.raises(Forbidden):
            act()
    assert list(Image.objects.values_list("slug", "revision")) == [("shop", 1)]


def test_another_definition_is_another_revision_and_another_name_is_not(cast: Cast) -> None:
    image, actor = an_image(cast), cast.actor("developer")
    assert change_image(actor=actor, image=image, source=GIT).revision == 2
    assert change_image(actor=actor, image=image, build={"timeout": 60}).revision == 3
    assert change_image(actor=actor, image=image, slug="store").revision == 3
    assert image.source["kind"] == "git" and image.build["timeout"] == 60 and told("image.change") == 3


def test_the_same_definition_again_changes_nothing(cast: Cast) -> None:
    image = an_image(cast)
    same = change_image(actor=cast.actor("developer"), image=image, slug="shop", source=SOURCE, build={})
    assert same.revision == 1 and told("image.change") == 0


def test_of_two_who_change_it_at_once_the_second_looks_again(cast: Cast) -> None:
    image = an_image(cast)
    mine, theirs = Image.objects.get(id=image.id), Image.objects.get(id=image.id)
    change_image(actor=cast.actor("owner"), image=mine, source=GIT)
    with pytest.raises(Conflicting) as refused:
        change_image(actor=cast.actor("developer"), image=theirs, build={"timeout": 60})
    assert refused.value.code == "image.changed"
    assert Image.objects.get().build["timeout"] == 3600


def test_an_image_goes_with_its_builds_their_jobs_and_logs(harbour: Harbour) -> None:
    image = an_image(harbour.cast)
    harbour.built(image)
    harbour.built(image)
    kept = harbour.built()
    delete_image(actor=harbour.cast.actor("developer"), image=image, users=users)
    assert list(Build.objects.all()) == [kept]
    assert list(Job.objects.exclude(kind="forget_images").values_list("id", flat=True)) == [kept.job_id]
    assert list(Log.objects.exclude(kind="forgetting").values_list("id", flat=True)) == [kept.log_id]
    assert told("image.delete") == 1


def test_what_is_used_or_being_built_stays(harbour: Harbour) -> None:
    developer = harbour.cast.actor("developer")
    image = an_image(harbour.cast)
    request_build(actor=developer, image=image)
    cases: list[tuple[Image, str, str]] = [
        (harbour.image, "image.in_use", "front"),
        (image, "image.building", "cancel"),
    ]
    for kept, code, said in cases:
        with pytest.raises(Conflicting) as refused:
            delete_image(actor=developer, image=kept, users=users)
        assert refused.value.code == code and said in refused.value.detail
    assert Image.objects.count() == 2 and told("image.delete") == 0


def test_what_releases_were_made_of_stays_though_no_service_is_defined_with_it_any_more(harbour: Harbour) -> None:
    developer = harbour.cast.actor("developer")
    first = harbour.service.image
    harbour.deployed()
    change_service(actor=developer, service=harbour.service, image=an_image(harbour.cast))
    with pytest.raises(Conflicting) as refused:
        delete_image(actor=developer, image=first, users=users)
    assert refused.value.code == "image.in_releases" and harbour.service.slug in refused.value.detail
    answer: Any = harbour.cast.bearer("developer").delete(f"/api/v1/images/{first.id}/")
    assert answer.status_code == 409 and Build.objects.filter(image=first).exists()


def test_a_release_made_while_it_is_deleted_keeps_it(harbour: Harbour) -> None:
    """Nobody needs it when it is asked, and a moment later somebody does."""
    harbour.deployed()
    with pytest.raises(Conflicting) as refused:
        delete_image(actor=harbour.cast.actor("developer"), image=harbour.service.image, users=lambda image: [])
    assert refused.value.code == "image.in_releases"
    assert Build.objects.exists() and told("image.delete") == 0


def test_what_is_deleted_is_not_there_a_second_time(harbour: Harbour) -> None:
    client, image = harbour.cast.bearer("developer"), an_image(harbour.cast)
    answers: list[Any] = [client.delete(f"/api/v1/images/{image.id}/") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [204, 404]
    assert told("image.delete") == 1
