"""Applying a rule: what goes is what was shown, and what anything needs never does."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from runtime.contract.reports import Finish, Forgotten
from tests.cast import Cast
from tests.deployments.rig import UNHEALTHY, Harbour
from tests.retention.given import applied, left, old_builds, ruled
from webapp.audit.models import Entry
from webapp.deployments.models import Deployment
from webapp.deployments.services import approve, deploy, roll_back
from webapp.environments.services import change_environment
from webapp.holdings.forgetting import ASK_AGAIN
from webapp.holdings.models import Forgetting, Holding
from webapp.holdings.services import noted
from webapp.images.models import Build
from webapp.images.services import request_build
from webapp.problems import Conflicting, Forbidden, Invalid
from webapp.retention import rounds
from webapp.retention.models import RetentionRule
from webapp.retention.services import RuleSettings, apply, clear_rule, dry_run, set_rule

pytestmark = pytest.mark.thorough


def test_without_a_rule_nothing_is_removed(harbour: Harbour) -> None:
    old_builds(harbour, 3)
    assert dry_run(project=harbour.cast.project, now=now()) == []
    with pytest.raises(Conflicting) as refused:
        applied(harbour)
    assert refused.value.code == "retention.no_rule" and left(harbour) == [1, 2, 3]


def test_the_dry_run_shows_what_the_run_does_and_changes_nothing(harbour: Harbour) -> None:
    first, second, third = old_builds(harbour, 3)
    ruled(harbour, keep=1)
    (shown,) = dry_run(project=harbour.cast.project, now=now())
    assert [build.id for build in shown.gone] == [first.id, second.id]
    assert [(build.id, why) for build, why in shown.kept] == [(third.id, "one of the last 1")]
    assert shown.frees == 2 * 7 and left(harbour) == [1, 2, 3] and not Forgetting.objects.exists()
    assert applied(harbour) == [1, 2] and left(harbour) == [3]
    (row,) = Forgetting.objects.all()
    names = {image["image_id"]: tuple(image["tags"]) for image in row.job.order["images"]}
    assert names == {build.config_digest: (build.job.order["tag"],) for build in (first, second)}
    told = Entry.objects.filter(action="build.expire")
    assert told.count() == 2 and "image_id" in (told[0].before or {})
    assert applied(harbour) == [] and Entry.objects.filter(action="build.expire").count() == 2


def test_a_proposed_rule_is_shown_without_being_set(harbour: Harbour) -> None:
    old_builds(harbour, 3)
    (shown,) = dry_run(project=harbour.cast.project, settings=RuleSettings(keep=2), now=now())
    assert [build.number for build in shown.gone] == [1] and not RetentionRule.objects.exists()


def test_an_images_own_rule_counts_more_than_its_projects(harbour: Harbour) -> None:
    operator = harbour.cast.actor("operator")
    old_builds(harbour, 3)
    ruled(harbour, keep=1)
    own = RuleSettings(keep=3)
    set_rule(actor=operator, project=harbour.cast.project, image=harbour.image, settings=own, now=now())
    assert applied(harbour) == []
    (shown,) = dry_run(project=harbour.cast.project, settings=RuleSettings(keep=1), now=now())
    assert shown.gone == ()
    for _ in range(2):
        clear_rule(actor=operator, project=harbour.cast.project, image=harbour.image)
    assert applied(harbour) == [1, 2]


def test_what_runs_and_what_can_be_gone_back_to_stays(harbour: Harbour) -> None:
    builds = old_builds(harbour, 6)
    for build in builds[:4]:
        harbour.deployed(build=build)
    ruled(harbour, keep=1, releases=2)
    (shown,) = dry_run(project=harbour.cast.project, now=now())
    why = {build.number: reason for build, reason in shown.kept}
    assert applied(harbour) == [1, 2, 5]
    assert why == {3: "release 3 can be gone back to", 4: "a replica runs it", 6: "one of the last 1"}
    deployment = Deployment.objects.order_by("-created_at").first()
    assert deployment is not None
    back = harbour.carry_out(roll_back(actor=harbour.cast.actor("owner"), deployment=deployment))
    assert back.state == "succeeded"


@pytest.mark.thorough
def test_what_waits_for_approval_stays_and_can_still_be_approved(harbour: Harbour) -> None:
    cast = harbour.cast
    owner = cast.actor("owner")
    first, *_ = old_builds(harbour, 3)
    guarded = change_environment(actor=owner, environment=cast.dev, protected=True, required_approvals=1)
    waiting = deploy(actor=owner, service=harbour.service, environment=guarded, build=first)
    assert waiting.state == "awaiting_approval"
    ruled(harbour, keep=1)
    assert applied(harbour) == [2]
    approve(actor=cast.actor("operator"), deployment=waiting, plan_hash=waiting.plan_hash)
    assert harbour.carry_out(waiting).state == "succeeded"


@pytest.mark.thorough
def test_what_a_queued_deployment_names_and_would_go_back_to_stays(harbour: Harbour) -> None:
    first, second, *_ = old_builds(harbour, 4)
    harbour.deployed(build=first)
    deploy(actor=harbour.cast.actor("owner"), service=harbour.service, environment=harbour.cast.dev, build=second)
    ruled(harbour, keep=1, releases=2)
    assert applied(harbour) == [3]


@pytest.mark.thorough
def test_a_build_of_the_same_bytes_as_what_runs_stays(harbour: Harbour) -> None:
    first, *_ = old_builds(harbour, 2)
    twin = harbour.built(same_as=first)
    Build.objects.filter(id=twin.id).update(finished_at=first.finished_at)
    harbour.deployed(build=twin)
    harbour.built()
    ruled(harbour, keep=1)
    assert applied(harbour) == [2]


def test_a_build_that_is_gone_says_so_and_is_not_deployed(harbour: Harbour) -> None:
    cast = harbour.cast
    first, *_ = old_builds(harbour, 2)
    ruled(harbour, keep=1)
    applied(harbour)
    for given in ({"build": first}, {"digest": first.digest}):
        with pytest.raises(Conflicting, match=r"removed by retention on .* build it again") as refused:
            deploy(actor=cast.actor("owner"), service=harbour.service, environment=cast.dev, **given)
        assert refused.value.code == "build.expired"
    assert not Deployment.objects.exists()
    assert request_build(actor=cast.actor("developer"), image=harbour.image).number == 3


@pytest.mark.thorough
def test_a_release_whose_build_is_gone_is_not_gone_back_to(harbour: Harbour) -> None:
    builds = old_builds(harbour, 4)
    done = [harbour.deployed(build=build) for build in builds]
    ruled(harbour, keep=1, releases=2)
    assert applied(harbour) == [1, 2]
    with pytest.raises(Conflicting) as refused:
        deploy(
            actor=harbour.cast.actor("owner"),
            service=harbour.service,
            environment=harbour.cast.dev,
            release=done[0].release,
        )
    assert refused.value.code == "build.expired"


@pytest.mark.parametrize("name", ["viewer", "developer", "stranger", "admin"])
def test_who_does_not_operate_sets_and_removes_nothing(harbour: Harbour, name: str) -> None:
    actor, project = harbour.cast.actor(name), harbour.cast.project
    old_builds(harbour, 2)
    ruled(harbour, keep=1)
    with pytest.raises(Forbidden):
        set_rule(actor=actor, project=project, settings=RuleSettings(), now=now())
    with pytest.raises(Forbidden):
        clear_rule(actor=actor, project=project)
    with pytest.raises(Forbidden):
        apply(actor=actor, project=project, now=now())
    assert left(harbour) == [1, 2] and RetentionRule.objects.get().keep == 1


@pytest.mark.parametrize("wrong", [{"keep": 0}, {"keep": 1001}, {"days": 0}, {"releases": 1}, {"releases": 101}])
def test_a_rule_has_its_bounds(cast: Cast, wrong: dict[str, int]) -> None:
    with pytest.raises(Invalid) as refused:
        set_rule(actor=cast.actor("owner"), project=cast.project, settings=RuleSettings(**wrong), now=now())  # type: ignore[arg-type]
    assert list(refused.value.errors) == list(wrong) and not RetentionRule.objects.exists()


def test_the_same_rule_again_is_no_change(harbour: Harbour) -> None:
    first = ruled(harbour, keep=4, at=now() - timedelta(hours=9))
    assert ruled(harbour, keep=4).ran_at == first.ran_at
    assert Entry.objects.filter(action="retention.set").count() == 1


def test_the_control_loop_applies_a_rule_once_a_day(harbour: Harbour) -> None:
    old_builds(harbour, 3)
    moment = now()
    ruled(harbour, keep=1, at=moment)
    assert rounds.apply_due(now=moment + timedelta(hours=23)) == 0
    assert rounds.apply_due(now=moment + timedelta(hours=25)) == 2
    assert rounds.apply_due(now=moment + timedelta(hours=26)) == 0
    assert {entry.actor for entry in Entry.objects.filter(action="build.expire")} == {"slipway"}


def test_what_a_host_still_holds_is_asked_for_until_it_is_gone(harbour: Harbour) -> None:
    first, *_ = old_builds(harbour, 2)
    ruled(harbour, keep=1)
    applied(harbour)
    row, later = Forgetting.objects.get(), now() + ASK_AGAIN * 2
    harbour.play(row.job, Finish(state="failed", last_line=0, problem=UNHEALTHY))
    assert rounds.sweep(now=now()) == 0 and rounds.sweep(now=later) == 1
    row = Forgetting.objects.order_by("-created_at")[0]
    harbour.play(row.job, Finish(state="succeeded", last_line=0, result=Forgotten(removed=[first.config_digest])))
    assert rounds.sweep(now=later + ASK_AGAIN * 2) == 0
    assert not Holding.objects.filter(image_id=first.config_digest).exists()


def test_what_an_attempt_left_that_came_to_nothing_goes_after_a_day(harbour: Harbour) -> None:
    cast, moment = harbour.cast, now()
    build = request_build(actor=cast.actor("developer"), image=harbour.image)
    left_over = "sha256:" + "e" * 64
    noted(host_id=cast.host.id, image_id=left_over, size=1, build=build.id, now=moment)
    later = moment + rounds.LEFT_FOR * 2
    assert rounds.sweep(now=later) == 0  # it is under way
    harbour.play(build.job, Finish(state="failed", last_line=0, problem=UNHEALTHY))
    kept = harbour.built()
    assert rounds.sweep(now=moment + timedelta(hours=1)) == 0
    assert rounds.sweep(now=later) == 1
    (image,) = Forgetting.objects.get().job.order["images"]
    assert image == {"image_id": left_over, "tags": [build.job.order["tag"]]}
    assert Holding.objects.filter(image_id=kept.config_digest, asked_at=None).exists()


def test_orders_of_long_ago_are_forgotten_themselves(harbour: Harbour) -> None:
    old_builds(harbour, 2)
    ruled(harbour, keep=1)
    applied(harbour)
    row = Forgetting.objects.get()
    harbour.play(row.job, Finish(state="succeeded", last_line=0, result=Forgotten(removed=[])))
    assert rounds.prune(now=now()) == 0
    assert rounds.prune(now=now() + rounds.KEPT_FOR * 2) == 1 and not Forgetting.objects.exists()
