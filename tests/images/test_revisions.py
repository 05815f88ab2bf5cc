"""The history of a definition: a row per change, and an earlier one taken again."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from tests.cast import Cast
from tests.deployments.rig import SOURCE, Harbour
from tests.images.given import GIT, an_image
from webapp.images.models import Image, ImageRevision
from webapp.images.services import change_image, request_build, revisions, use_revision_again
from webapp.problems import Forbidden, Invalid

pytestmark = pytest.mark.thorough

MIGRATION: Any = import_module("webapp.images.migrations.0003_revisions")
OTHER = {**SOURCE, "dockerfile": "FROM slipway/busybox:1\nCMD sleep 9"}


def kept(image: Image) -> list[tuple[int, str, str, str]]:
    rows = image.revisions.order_by("number")
    return [(row.number, row.source.get("dockerfile", row.source["kind"]), row.made_as, row.why) for row in rows]


def test_every_definition_is_kept_with_who_made_it_and_why(cast: Cast) -> None:
    image, owner = an_image(cast), cast.actor("owner")
    change_image(actor=owner, image=image, source=OTHER, why=" sleeps longer ")
    change_image(actor=owner, image=image, slug="store")
    change_image(actor=owner, image=image, source=OTHER)
    developer = cast.actor("developer").label
    assert kept(image) == [
        (1, SOURCE["dockerfile"], developer, ""),
        (2, OTHER["dockerfile"], owner.label, "sleeps longer"),
    ]
    assert image.revisions.get(number=2).build == image.build


def test_an_earlier_definition_is_taken_again_as_a_new_one(cast: Cast) -> None:
    image, owner = an_image(cast), cast.actor("owner")
    change_image(actor=owner, image=image, source=GIT, build={"timeout": 60})
    first = image.revisions.get(number=1)
    again = use_revision_again(actor=owner, revision=first)
    assert (again.revision, again.source, again.build) == (3, first.source, first.build)
    assert kept(image)[-1] == (3, SOURCE["dockerfile"], owner.label, "as revision 1 was")
    assert use_revision_again(actor=owner, revision=first).revision == 3
    assert image.revisions.count() == 3


@pytest.mark.parametrize("name", ["viewer", "stranger", "admin"])
def test_who_may_not_define_takes_nothing_again(cast: Cast, name: str) -> None:
    image = an_image(cast)
    change_image(actor=cast.actor("owner"), image=image, source=OTHER)
    with pytest.raises(Forbidden):
        use_revision_again(actor=cast.actor(name), revision=image.revisions.get(number=1))
    assert Image.objects.get().revision == 2


def test_what_the_rules_forbid_by_now_is_not_taken_again(cast: Cast) -> None:
    image = an_image(cast)
    change_image(actor=cast.actor("owner"), image=image, source=OTHER)
    ImageRevision.objects.filter(number=1).update(build={"timeout": 1})
    with pytest.raises(Invalid):
        use_revision_again(actor=cast.actor("owner"), revision=image.revisions.get(number=1))
    assert Image.objects.get().revision == 2


@pytest.mark.parametrize("why", ["x" * 201, "two\nlines", "nul\0"])
def test_why_is_one_line(cast: Cast, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        change_image(actor=cast.actor("owner"), image=an_image(cast), source=OTHER, why=why)
    assert list(refused.value.errors) == ["why"] and ImageRevision.objects.count() == 1


def test_the_history_has_an_end(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revisions, "MAX_REVISIONS", 2)
    image = an_image(cast)
    for seconds in (60, 70, 80):
        change_image(actor=cast.actor("owner"), image=image, build={"timeout": seconds})
    assert [row[0] for row in kept(image)] == [3, 4]


def test_what_was_there_before_histories_were_kept_is_taken_over(harbour: Harbour) -> None:
    """From the trail who and when, from builds and the image what."""
    cast, image = harbour.cast, an_image(harbour.cast)
    harbour.built(image)
    change_image(actor=cast.actor("owner"), image=image, source=OTHER)
    change_image(actor=cast.actor("operator"), image=image, build={"timeout": 60})
    before = list(image.revisions.order_by("number").values("number", "source", "build", "made_as"))
    ImageRevision.objects.all().delete()
    MIGRATION.fill(apps, None)
    after = list(image.revisions.order_by("number").values("number", "source", "build", "made_as", "why"))
    assert [{**row, "why": why} for row, why in zip(before[::2], ["taken over from build 1", ""], strict=True)] == after
    assert set(ImageRevision.objects.values_list("image__slug", flat=True)) == {image.slug, harbour.image.slug}


def test_a_gap_in_the_trail_leaves_unknown_who_made_it(harbour: Harbour) -> None:
    image = an_image(harbour.cast)
    Image.objects.filter(id=image.id).update(revision=7)
    ImageRevision.objects.all().delete()
    MIGRATION.fill(apps, None)
    assert kept(Image.objects.get(id=image.id)) == [(7, SOURCE["dockerfile"], "unknown", "")]


def test_a_stranger_is_not_told_of_revisions_and_of_another_number_it_is_said(cast: Cast) -> None:
    image = an_image(cast)
    change_image(actor=cast.actor("owner"), image=image, source=OTHER)
    second = image.revisions.get(number=2)
    path = f"/api/v1/image-revisions/{second.id}/difference/"
    told: Any = cast.bearer("viewer").get(path)
    assert told.json()["texts"][0]["path"] == "Dockerfile"
    assert [line["kind"] for line in told.json()["texts"][0]["lines"]] == ["same", "removed", "added"]
    for number in ("9", "x", "9" * 40):
        refused: Any = cast.bearer("viewer").get(path, {"with": number})
        assert refused.status_code == 400 and "with" in refused.json()["errors"]
    stranger: Any = cast.bearer("stranger").get(path)
    assert stranger.status_code == 404


@pytest.mark.thorough
def test_the_form_asks_why_it_changes_and_the_history_tells_it(cast: Cast) -> None:
    image, client = an_image(cast), cast.client("owner")
    edit = f"/images/{image.id}/definition/"
    assert 'name="why"' in client.get(edit).content.decode()
    assert 'name="why"' not in client.get(f"/projects/{cast.project.id}/images/new/").content.decode()
    sent = {"slug": "shop", "kind": "dockerfile", "dockerfile": OTHER["dockerfile"], "why": "sleeps longer"}
    refused = client.post(edit, {**sent, "why": "x" * 201})
    assert list(refused.context["form"].errors) == ["why"]
    assert client.post(edit, sent).status_code == 302
    assert kept(image)[-1][3] == "sleeps longer"
    assert "sleeps longer" in client.get(f"/images/{image.id}/history/").content.decode()


def test_a_build_says_from_which_revision_it_was_made_and_that_it_changed_since(harbour: Harbour) -> None:
    cast, image = harbour.cast, an_image(harbour.cast)
    build = request_build(actor=cast.actor("developer"), image=image)
    first = image.revisions.get(number=1)
    client = cast.client("viewer")
    assert "is defined now" in client.get(f"/builds/{build.id}/").content.decode()
    change_image(actor=cast.actor("owner"), image=image, source=OTHER)
    html = client.get(f"/builds/{build.id}/").content.decode()
    assert f"/image-revisions/{first.id}/" in html and "changed since" in html and "revision 2</a> now" in html
