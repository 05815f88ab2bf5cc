"""Where builds are pushed, what becomes of it, and pushing again."""

from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import pytest

from runtime.contract import orders
from runtime.contract.reports import Finish, ImageResult, Layer, Problem, Pushed, PushResult
from tests.deployments.rig import Harbour, digest
from webapp.audit.models import Entry
from webapp.hosts.models import Host
from webapp.images.models import Build, Destination, Push
from webapp.images.services import (
    cancel_build,
    cancel_push,
    delete_image,
    push_again,
    push_build,
    request_build,
    retry_build,
    set_destinations,
)
from webapp.ingest import revealing
from webapp.jobs.models import Job
from webapp.logs.models import Log
from webapp.problems import Conflicting, Forbidden, Invalid, Unplannable
from webapp.registries.models import Registry
from webapp.registries.services import add_registry, remove_registry

pytestmark = pytest.mark.thorough

CANARY = "canary-3b1c-pw"
MANIFEST = digest(777)
REFUSED = Problem(code="registry_refused", whose="user", message="unauthorized", advice="Check user and password.")


@dataclass
class Yard:
    """The harbour with a registry of the team that wants a password, and a public one of the project."""

    harbour: Harbour
    main: Registry
    mirror: Registry

    def set(self, *push: dict[str, Any], who: str = "developer") -> list[Destination]:
        return set_destinations(actor=self.harbour.cast.actor(who), image=self.harbour.image, push=list(push))

    def both(self) -> None:
        self.set({"registry": self.main.id, "tags": ["{number}", "{branch}"]}, {"registry": self.mirror.id})

    def build(self, **more: Any) -> Build:
        return request_build(actor=self.harbour.cast.actor("developer"), image=self.harbour.image, **more)

    def end(
        self,
        build: Build,
        *pushed: Pushed,
        state: Literal["succeeded", "failed", "cancelled"] = "succeeded",
        manifest: str | None = MANIFEST,
        problem: Problem | None = None,
    ) -> Build:
        result = ImageResult(
            image_id=digest(5), digest=manifest, size=9, layers=[Layer(instruction="RUN", size=9)], pushed=pushed
        )
        self.harbour.play(build.job, Finish(state=state, last_line=0, result=result, problem=problem))
        return Build.objects.get(id=build.id)

    def built(self) -> Build:
        return self.end(self.build(), manifest=None)


@pytest.fixture
def yard(harbour: Harbour) -> Yard:
    cast = harbour.cast
    operator = cast.actor("operator")
    main = add_registry(
        actor=operator, team=cast.team, url="r.example.org", prefix="shop", username="robot", password=CANARY
    )
    return Yard(harbour, main, add_registry(actor=operator, team=cast.team, project=cast.project, url="m.example.org"))


def told(build: Build) -> list[tuple[str, str]]:
    return [(push.repository, push.state) for push in build.pushes.order_by("-primary", "id")]


def test_a_destination_is_named_after_the_image_unless_somebody_says_otherwise(yard: Yard) -> None:
    yard.set({"registry": yard.main.id}, {"registry": yard.mirror.id, "repository": "a/b", "tags": ["latest"]})
    first, second = yard.harbour.image.destinations.all()
    assert (first.name, first.tags) == ("r.example.org/shop/front", ["{number}"])
    assert (second.name, second.tags) == ("m.example.org/a/b", ["latest"])
    assert Entry.objects.filter(action="image.push").count() == 1
    yard.set({"registry": yard.main.id}, {"registry": yard.mirror.id, "repository": "a/b", "tags": ["latest"]})
    assert Entry.objects.filter(action="image.push").count() == 1, "the same again changes nothing"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"registry": "nothing"}, "push.0.registry"),
        ({"registry": 5}, "push.0.registry"),
        ({"repository": "../x"}, "push.0.repository"),
        ({"repository": "Upper"}, "push.0.repository"),
        ({"tags": []}, "push.0.tags"),
        ({"tags": "latest"}, "push.0.tags"),
        ({"tags": ["{nobody}"]}, "push.0.tags"),
        ({"tags": ["a b"]}, "push.0.tags"),
        ({"tags": ["x"] * 11}, "push.0.tags"),
        ({"password": "x"}, "push.0.password"),
    ],
)
def test_what_is_no_destination_is_refused_at_its_field(yard: Yard, given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        yard.set({"registry": yard.main.id, **given})
    assert list(refused.value.errors) == [field] and not Destination.objects.exists()


def test_one_place_is_named_once_and_there_are_not_too_many(yard: Yard) -> None:
    for push in (
        [{"registry": yard.main.id}] * 2,
        [{"registry": yard.main.id, "repository": f"a{n}"} for n in range(6)],
    ):
        with pytest.raises(Invalid):
            yard.set(*push)


def test_a_registry_of_another_team_is_not_there(yard: Yard) -> None:
    cast = yard.harbour.cast
    foreign = Registry.objects.create(team=cast.foreign_project.team, address="x.example.org")
    with pytest.raises(Invalid):
        yard.set({"registry": foreign.id})


@pytest.mark.parametrize("who", ["viewer", "stranger", "admin"])
def test_who_may_not_define_says_no_destination(yard: Yard, who: str) -> None:
    with pytest.raises(Forbidden):
        yard.set({"registry": yard.main.id}, who=who)


def test_a_build_takes_its_pushes_along_and_their_passwords_only_in_the_claim(yard: Yard) -> None:
    yard.both()
    build = yard.build(trigger={"kind": "hook", "branch": "main", "tag": "", "commit": "", "author": ""})
    order = msgspec.convert(build.job.order, type=orders.BuildImage)
    assert [(push.repository, push.primary) for push in order.push] == [
        ("r.example.org/shop/front", True),
        ("m.example.org/front", False),
    ]
    assert order.branch == "main" and order.push[1].login is None
    secret = order.push[0].login.secret if order.push[0].login else ""
    assert build.job.secrets == {secret: secret} and CANARY not in str(build.job.order)
    assert revealing.secrets_for(build.job) == {secret: CANARY}
    assert not any(CANARY in str(entry.after) for entry in Entry.objects.all())


def test_a_registry_that_was_forgotten_leaves_the_claim_without_its_password(yard: Yard) -> None:
    yard.both()
    build = yard.build()
    remove_registry(actor=yard.harbour.cast.actor("operator"), registry=yard.main)
    assert revealing.secrets_for(build.job) == {}
    assert [row.name for row in yard.harbour.image.destinations.all()] == ["m.example.org/front"]
    assert build.pushes.filter(registry=None).count() == 1


def test_what_was_pushed_is_kept_with_its_digest(yard: Yard) -> None:
    yard.both()
    build = yard.build()
    first, second = build.pushes.order_by("-primary")
    left_out = {"{branch}": "The build is not of a branch."}
    build = yard.end(
        build,
        Pushed(push=first.id, tags=("1",), left_out=left_out, digest=MANIFEST),
        Pushed(push=second.id, tags=("1",), digest=MANIFEST),
    )
    assert (build.state, build.digest, build.config_digest) == ("succeeded", MANIFEST, digest(5))
    first.refresh_from_db()
    assert (first.state, first.tags, first.left_out) == ("succeeded", ["1"], left_out)
    assert first.reference == f"r.example.org/shop/front@{MANIFEST}" and first.finished_at is not None


def test_a_mirror_that_failed_leaves_the_build_succeeded(yard: Yard) -> None:
    yard.both()
    build = yard.build()
    first, second = build.pushes.order_by("-primary")
    build = yard.end(
        build, Pushed(push=first.id, tags=("1",), digest=MANIFEST), Pushed(push=second.id, problem=REFUSED)
    )
    second.refresh_from_db()
    assert build.state == "succeeded" and second.state == "failed"
    assert second.problem is not None and second.problem["message"] == "unauthorized"


def test_the_one_that_counts_fails_the_build_and_the_mirror_was_not_tried(yard: Yard) -> None:
    yard.both()
    build = yard.build()
    first = build.pushes.get(primary=True)
    build = yard.end(build, Pushed(push=first.id, problem=REFUSED), state="failed", manifest=None, problem=REFUSED)
    assert told(build) == [("r.example.org/shop/front", "failed"), ("m.example.org/front", "cancelled")]
    assert build.state == "failed" and build.problem is not None and build.problem["code"] == "registry_refused"


def test_a_build_that_was_cancelled_ends_its_pushes(yard: Yard) -> None:
    yard.both()
    build = cancel_build(actor=yard.harbour.cast.actor("developer"), build=yard.build())
    assert {state for _, state in told(build)} == {"cancelled"}


def test_without_a_tag_for_it_a_push_is_skipped(yard: Yard) -> None:
    yard.set({"registry": yard.main.id, "tags": ["{tag}"]})
    build = yard.build()
    push = build.pushes.get()
    yard.end(build, Pushed(push=push.id, left_out={"{tag}": "The build is not of a Git tag."}), manifest=None)
    push.refresh_from_db()
    assert push.state == "skipped" and push.left_out


def test_what_a_host_says_of_others_pushes_or_out_of_bounds_is_not_kept(yard: Yard) -> None:
    yard.both()
    other, build = yard.build(), yard.build()
    mine, theirs = build.pushes.get(primary=True), other.pushes.get(primary=True)
    yard.end(
        build,
        Pushed(push=theirs.id, tags=("1",), digest=MANIFEST),
        Pushed(push=mine.id, tags=("1", "a b", "../x"), digest=MANIFEST, left_out={"x": "y" * 5000}),
        Pushed(push="nothing", digest=MANIFEST),
    )
    theirs.refresh_from_db()
    mine.refresh_from_db()
    assert theirs.state == "queued" and mine.tags == ["1"] and len(mine.left_out["x"]) == 300


def test_building_the_same_again_pushes_where_images_go_now(yard: Yard) -> None:
    yard.both()
    build = yard.built()
    yard.set({"registry": yard.mirror.id})
    again = retry_build(actor=yard.harbour.cast.actor("developer"), build=build)
    assert [push.repository for push in again.pushes.all()] == ["m.example.org/front"]


def test_a_mirror_is_pushed_again_by_a_job_of_its_own(yard: Yard) -> None:
    yard.both()
    build, developer = yard.build(), yard.harbour.cast.actor("developer")
    first, second = build.pushes.order_by("-primary")
    yard.end(build, Pushed(push=first.id, tags=("1",), digest=MANIFEST), Pushed(push=second.id, problem=REFUSED))
    push = push_again(actor=developer, push=second)
    assert push.job is not None and push.job.kind == "push_image" and push.job.log.kind == "push"
    with pytest.raises(Conflicting) as refused:
        push_again(actor=developer, push=second)
    assert refused.value.code == "push.under_way"
    result = PushResult(pushed=(Pushed(push=push.id, tags=("1",), digest=MANIFEST),))
    yard.harbour.play(push.job, Finish(state="succeeded", last_line=0, result=result))
    newest = build.pushes.newest()
    assert [(one.repository, one.state) for one in newest] == [
        ("r.example.org/shop/front", "succeeded"),
        ("m.example.org/front", "succeeded"),
    ]
    assert Log.objects.get(id=push.job.log_id).end_state == "succeeded"
    assert Build.objects.get(id=build.id).state == "succeeded"


def test_a_build_that_is_there_is_pushed_to_a_registry_that_came_later(yard: Yard) -> None:
    build, developer = yard.built(), yard.harbour.cast.actor("developer")
    push = push_build(actor=developer, build=build, registry=yard.main.id, tags=["{number}", "stable"])
    order = msgspec.convert(Job.objects.get(id=push.job_id).order, type=orders.PushImage)
    assert (order.image, order.number, order.push[0].tags) == (digest(5), build.number, ("{number}", "stable"))
    problem = Finish(state="failed", last_line=0, problem=REFUSED)
    yard.harbour.play(Job.objects.get(id=push.job_id), problem)
    push.refresh_from_db()
    assert push.state == "failed" and push.problem is not None and push.problem["code"] == "registry_refused"
    assert Entry.objects.filter(action="build.push").count() == 1


def test_a_push_that_waits_is_cancelled_and_twice_is_once(yard: Yard) -> None:
    build, developer = yard.built(), yard.harbour.cast.actor("developer")
    push = push_build(actor=developer, build=build, registry=yard.main.id)
    with pytest.raises(Forbidden):
        cancel_push(actor=yard.harbour.cast.actor("viewer"), push=push)
    for _ in range(2):
        assert cancel_push(actor=developer, push=push).state == "cancelled"
    assert Entry.objects.filter(action="build.push_cancel").count() == 1
    assert push_again(actor=developer, push=push).state == "queued"


def test_a_push_under_way_ends_when_its_host_has_stopped(yard: Yard) -> None:
    build, developer = yard.built(), yard.harbour.cast.actor("developer")
    push = push_build(actor=developer, build=build, registry=yard.main.id)
    assert push.job is not None
    claimed = yard.harbour.claim(push.job)
    push = Push.objects.select_related("job", "build__image__project__team").get(id=push.id)
    assert cancel_push(actor=developer, push=push).state == "queued"
    yard.harbour.finish(claimed, Finish(state="cancelled", last_line=0))
    push.refresh_from_db()
    assert push.state == "cancelled"


def test_a_push_of_the_build_itself_is_cancelled_with_the_build(yard: Yard) -> None:
    yard.both()
    push = yard.build().pushes.first()
    assert push is not None
    with pytest.raises(Conflicting) as refused:
        cancel_push(actor=yard.harbour.cast.actor("developer"), push=push)
    assert refused.value.code == "push.of_build"


@pytest.mark.parametrize("who", ["viewer", "stranger", "admin"])
def test_who_may_not_build_pushes_nothing(yard: Yard, who: str) -> None:
    build, actor = yard.built(), yard.harbour.cast.actor(who)
    with pytest.raises(Forbidden):
        push_build(actor=actor, build=build, registry=yard.main.id)
    assert not Push.objects.exists()


def test_only_a_build_that_succeeded_is_pushed(yard: Yard) -> None:
    with pytest.raises(Conflicting) as refused:
        push_build(actor=yard.harbour.cast.actor("developer"), build=yard.build(), registry=yard.main.id)
    assert refused.value.code == "push.not_built"


def test_without_a_host_that_holds_it_there_is_a_reason(yard: Yard) -> None:
    build, developer = yard.built(), yard.harbour.cast.actor("developer")
    Host.objects.filter(id=build.host_id).update(drained=True)
    with pytest.raises(Unplannable) as refused:
        push_build(actor=developer, build=build, registry=yard.main.id)
    assert "undrain" in refused.value.reasons[0]
    yard.harbour.cast.host.holdings.all().delete()
    with pytest.raises(Unplannable) as refused:
        push_build(actor=developer, build=build, registry=yard.main.id)
    assert "build it again" in refused.value.reasons[0]


def test_with_the_image_everything_of_its_pushes_goes(yard: Yard) -> None:
    build, developer = yard.built(), yard.harbour.cast.actor("developer")
    push = push_build(actor=developer, build=build, registry=yard.main.id)
    assert push.job is not None
    yard.harbour.service.delete()
    with pytest.raises(Conflicting) as refused:
        delete_image(actor=developer, image=yard.harbour.image, users=lambda image: [])
    assert refused.value.code == "image.pushing"
    yard.harbour.play(push.job, Finish(state="cancelled", last_line=0))
    delete_image(actor=developer, image=yard.harbour.image, users=lambda image: [])
    left = Job.objects.exclude(kind="forget_images")
    assert not Push.objects.exists() and not left.exists() and not Log.objects.filter(kind="push").exists()
