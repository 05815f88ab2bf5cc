"""Keeping a replica's files as an image: where it is, of nothing but it, by those who may enter it."""

from typing import Any

import msgspec
import pytest

from runtime.contract.orders import CommitContainer
from runtime.contract.reports import Finish, ImageResult, Layer, Problem
from tests.deployments.rig import Harbour, digest
from tests.snapshots.given import a_protected_replica, a_replica, compared
from webapp.audit.models import Entry
from webapp.deployments import services as deployments
from webapp.deployments.models import Replica
from webapp.images.models import Build, Image
from webapp.images.services import change_image, define_image, move_build, request_build, retry_build
from webapp.jobs.models import Job
from webapp.problems import Conflicting, Forbidden, Invalid, Unplannable
from webapp.snapshots.finding import find_container
from webapp.snapshots.services import make_image

pytestmark = pytest.mark.thorough


def make(harbour: Harbour, replica: Replica, who: str = "developer", **changes: Any) -> Build:
    given = {"slug": "kept", "author": "ann", "message": "as it was", **changes}
    return make_image(actor=harbour.cast.actor(who), replica=replica, **given)


def order_of(build: Build) -> CommitContainer:
    order: CommitContainer = msgspec.convert(Job.objects.get(id=build.job_id).order, type=CommitContainer)
    return order


def finished(harbour: Harbour, build: Build) -> Build:
    result = ImageResult(image_id=digest(700), digest=None, size=9, layers=[Layer(instruction="Files", size=9)])
    harbour.play(build.job, Finish(state="succeeded", last_line=0, result=result))
    return Build.objects.get(id=build.id)


def test_its_host_keeps_its_very_container_as_a_build(harbour: Harbour) -> None:
    replica = a_replica(harbour)
    compared(harbour, replica)
    build = make(harbour, replica)
    order, job = order_of(build), Job.objects.get(id=build.job_id)
    assert (job.kind, job.host_id, job.uses_build_slot, job.secrets) == (
        "commit_container", replica.host_id, True, {},
    )  # fmt: skip
    assert (order.build, order.number, order.container) == (build.id, 1, replica.container)
    assert order.tag.startswith("slipway/web/kept:1-")
    assert (order.author, order.message) == ("ann", "as it was")
    assert order.expected == {
        "slipway.project": harbour.cast.project.id,
        "slipway.service": harbour.service.id,
        "slipway.environment": harbour.cast.dev.id,
        "slipway.replica": replica.id,
    }
    assert order.labels["slipway.build"] == build.id
    assert build.definition["source"] == {
        "kind": "container",
        "replica": replica.id,
        "container": replica.container,
        "base": replica.release.build_id,
        "author": "ann",
        "message": "as it was",
        "summary": {"added": 2, "changed": 1, "deleted": 1},
    }
    entry = Entry.objects.get(action="build.request", target_id=build.id)
    assert entry.after == {"made of": f"container {replica.container[:12]} of front 1 in dev"}
    done = finished(harbour, build)
    assert (done.state, done.digest, done.host_id) == ("succeeded", digest(700), replica.host_id)


def test_its_image_gets_one_build_after_the_other(harbour: Harbour) -> None:
    replica = a_replica(harbour)
    first, second = make(harbour, replica), make(harbour, replica, message="and now")
    assert (first.image_id, first.number) == (second.image_id, second.number - 1)
    assert Image.objects.get(slug="kept").revision == 2


def test_another_images_name_is_not_taken(harbour: Harbour) -> None:
    with pytest.raises(Conflicting) as caught:
        make(harbour, a_replica(harbour), slug="front")
    assert caught.value.code == "image.slug_taken"
    assert not Build.objects.filter(definition__source__kind="container").exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"slug": "Not Lawful"}, "slug"),
        ({"author": "a\nb"}, "source.author"),
        ({"message": "x" * 501}, "source.message"),
    ],
)
def test_what_is_not_lawful_is_refused_and_leaves_nothing(
    harbour: Harbour, changes: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        make(harbour, a_replica(harbour), **changes)
    assert list(caught.value.errors) == [field]
    assert not Image.objects.filter(source__kind="container").exists()


@pytest.mark.parametrize("name", ["viewer", "stranger"])
def test_who_may_not_enter_makes_no_image(harbour: Harbour, name: str) -> None:
    with pytest.raises(Forbidden):
        make(harbour, a_replica(harbour), who=name)
    assert not Image.objects.filter(slug="kept").exists()


def test_of_a_protected_environment_operators_make_one_and_developers_do_not_build_it_again(harbour: Harbour) -> None:
    replica = a_protected_replica(harbour)
    with pytest.raises(Forbidden):
        make(harbour, replica)
    build = finished(harbour, make(harbour, replica, who="operator"))
    developer = harbour.cast.actor("developer")
    with pytest.raises(Forbidden):
        retry_build(actor=developer, build=build, containers=find_container)
    with pytest.raises(Forbidden):
        request_build(actor=developer, image=build.image, containers=find_container)


def test_a_container_that_is_gone_is_not_kept_again(harbour: Harbour) -> None:
    replica = a_replica(harbour)
    build = finished(harbour, make(harbour, replica))
    developer = harbour.cast.actor("developer")
    assert retry_build(actor=developer, build=build, containers=find_container).number == 2
    for fields in ({"container": "f" * 64}, {"desired": "gone"}):
        Replica.objects.filter(id=replica.id).update(**fields)
        with pytest.raises(Conflicting) as caught:
            retry_build(actor=developer, build=build, containers=find_container)
        assert caught.value.code == "build.container_gone" and "not there any more" in caught.value.detail
        with pytest.raises(Conflicting) as caught:
            request_build(actor=developer, image=build.image, containers=find_container)
        assert caught.value.code == "build.container_gone"
    answer = harbour.cast.bearer("developer").post(f"/api/v1/builds/{build.id}/retry/", {}, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "build.container_gone")
    Replica.objects.all().delete()
    assert Build.objects.get(id=build.id).digest == digest(700)


def test_a_host_that_is_away_is_waited_for_by_nobody(harbour: Harbour) -> None:
    replica = a_replica(harbour)
    replica.host.connected, replica.host.last_heard_at = False, None
    replica.host.save()
    with pytest.raises(Unplannable):
        make(harbour, Replica.objects.get(id=replica.id))
    assert not Image.objects.filter(slug="kept").exists()


def test_only_where_the_container_is_can_it_be_kept(harbour: Harbour) -> None:
    build = make(harbour, a_replica(harbour))
    with pytest.raises(Conflicting) as caught:
        move_build(actor=harbour.cast.actor("operator"), build=build, host=harbour.host("other"))
    assert caught.value.code == "build.host_bound"


def test_a_definition_of_ones_own_finds_only_replicas_of_its_project(harbour: Harbour) -> None:
    replica, cast = a_replica(harbour), harbour.cast
    source = {"kind": "container", "replica": replica.id}
    mine = define_image(actor=cast.actor("developer"), project=cast.project, slug="mine", source=source)
    assert mine.source == {**source, "author": "", "message": ""}
    build = request_build(actor=cast.actor("developer"), image=mine, containers=find_container)
    assert build.definition["source"]["container"] == replica.container
    theirs = define_image(actor=cast.actor("stranger"), project=cast.foreign_project, slug="mine", source=source)
    with pytest.raises(Conflicting) as caught:
        request_build(actor=cast.actor("stranger"), image=theirs, containers=find_container)
    assert caught.value.code == "build.container_gone"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"replica": "x"}, "source.replica"),
        ({"replica": ""}, "source.replica"),
        ({"container": "abc123"}, "source.container"),
        ({"base": "nothing"}, "source.base"),
        ({"summary": {"added": -1, "changed": 0, "deleted": 0}}, "source.summary.added"),
        ({"variables": {}}, "source.variables"),
        ({"pause": False}, "source.pause"),
    ],
)
def test_a_definition_that_is_not_lawful_is_refused(harbour: Harbour, more: dict[str, Any], field: str) -> None:
    source = {"kind": "container", "replica": "0" * 26, **more}
    with pytest.raises(Invalid) as caught:
        change_image(actor=harbour.cast.actor("developer"), image=harbour.image, source=source)
    assert list(caught.value.errors) == [field]


def test_it_is_deployed_as_any_build(harbour: Harbour) -> None:
    developer = harbour.cast.actor("developer")
    build = finished(harbour, make(harbour, a_replica(harbour)))
    service = deployments.define_service(
        actor=developer, project=harbour.cast.project, slug="kept", image=build.image, settings={}
    )
    deployment = deployments.deploy(actor=developer, service=service, environment=harbour.cast.dev, build=build)
    assert harbour.carry_out(deployment).state == "succeeded"


def test_what_leaked_is_told_as_our_fault(harbour: Harbour) -> None:
    build = make(harbour, a_replica(harbour))
    problem = Problem(code="commit_leaks", whose="us", message="The image was removed.")
    harbour.play(build.job, Finish(state="failed", last_line=0, problem=problem))
    build.refresh_from_db()
    assert (build.state, build.digest) == ("failed", "")


def test_it_is_made_by_the_api(harbour: Harbour) -> None:
    replica, cast = a_replica(harbour), harbour.cast
    path, body = f"/api/v1/replicas/{replica.id}/image/", {"image": "kept", "message": "why"}
    statuses = {
        name: cast.bearer(name).post(path, body, "application/json").status_code
        for name in ("stranger", "viewer", "developer")
    }
    assert statuses == {"stranger": 404, "viewer": 403, "developer": 202}
    build = Build.objects.get(definition__source__kind="container")
    assert build.definition["source"]["author"] == "developer"
    wrong = cast.bearer("developer").post(path, {"image": "kept", "variables": {}}, "application/json")
    assert wrong.status_code == 400


@pytest.mark.thorough
def test_it_is_made_on_its_page_after_a_look(harbour: Harbour) -> None:
    replica, browser = a_replica(harbour), harbour.cast.client("developer")
    page = f"/replicas/{replica.id}/image/"
    assert "nobody looked yet" in browser.get(page).content.decode()
    compared(harbour, replica)
    review = browser.get(page).content.decode()
    assert "2 added, 1 changed, 1 deleted" in review and "/app/.env" in review and "/etc/shadow" not in review
    assert "Make an image of it" in browser.get(f"/replicas/{replica.id}/files/").content.decode()
    wrong = browser.post(page, {"slug": "front", "author": "", "message": ""})
    assert wrong.status_code == 409 and "Make the image" in wrong.content.decode()
    made = browser.post(page, {"slug": "kept", "author": "ann", "message": "as it was"})
    build = Build.objects.get(definition__source__kind="container")
    assert made.headers["Location"] == f"/builds/{build.id}/"
    shown = browser.get(f"/builds/{build.id}/").content.decode()
    assert "Changed then" in shown and "as it was" in shown
    form = browser.get(f"/images/{build.image_id}/definition/").content.decode()
    assert "the files of a container" in form
    kept = browser.post(
        f"/images/{build.image_id}/definition/",
        {"slug": "renamed", "kind": "container", "message": "kept", "timeout": "700"},
    )
    assert kept.status_code == 302
    image = Image.objects.get(id=build.image_id)
    assert (image.slug, image.source["message"], image.build["timeout"]) == ("renamed", "kept", 700)
    for name, status in (("viewer", 403), ("stranger", 404)):
        assert harbour.cast.client(name).get(page).status_code == status
