"""Four eyes: distinct people, the exact plan, the facts of the moment."""

from typing import Any

import pytest

from tests.cast import Cast, make_user
from tests.deployments.rig import Harbour
from webapp.audit.models import Entry
from webapp.deployments import services
from webapp.deployments.models import Approval, Deployment
from webapp.problems import Conflicting, Forbidden
from webapp.teams.models import Membership
from webapp.teams.policy import Actor, actor_for_token, actor_for_user
from webapp.teams.services import create_token

pytestmark = pytest.mark.thorough


def ask(harbour: Harbour, name: str = "developer") -> Deployment:
    cast = harbour.cast
    return services.deploy(
        actor=cast.actor(name), service=harbour.service, environment=cast.production, build=harbour.built()
    )


def approve(actor: Actor, deployment: Deployment, plan_hash: str | None = None) -> Deployment:
    return services.approve(actor=actor, deployment=deployment, plan_hash=plan_hash or deployment.plan_hash)


def second_operator(cast: Cast) -> Actor:
    user = make_user("second")
    Membership.objects.create(team=cast.team, user=user, role="operator")
    return actor_for_user(user)


def test_one_yes_of_another_person_starts_it(harbour: Harbour) -> None:
    asked = ask(harbour)
    started = approve(harbour.cast.actor("operator"), asked)
    assert started.state == "queued" and harbour.carry_out(started).state == "succeeded"
    assert Entry.objects.filter(action="deployment.approve", target_id=asked.id).count() == 1


def test_the_same_yes_again_changes_nothing(harbour: Harbour) -> None:
    asked = ask(harbour)
    approve(harbour.cast.actor("operator"), asked)
    again = approve(harbour.cast.actor("operator"), asked)
    assert again.state == "queued" and Approval.objects.count() == 1


@pytest.mark.parametrize("name", ["owner", "operator"])
def test_nobody_approves_what_they_asked_for(harbour: Harbour, name: str) -> None:
    asked = ask(harbour, name)
    with pytest.raises(Forbidden) as refused:
        approve(harbour.cast.actor(name), asked)
    assert refused.value.code == "approval.own_request"


def test_nor_by_way_of_their_tokens(harbour: Harbour) -> None:
    cast = harbour.cast
    asked = ask(harbour, "owner")
    own, _ = cast.token("owner")
    teams, _ = create_token(actor=cast.actor("owner"), name="ci", scopes=["approve"], team=cast.team, role="operator")
    for token in (own, teams):
        with pytest.raises(Forbidden) as refused:
            approve(actor_for_token(token), asked)
        assert refused.value.code == "approval.own_request"


def test_nor_what_their_team_token_asked_for(harbour: Harbour) -> None:
    cast = harbour.cast
    token, _ = create_token(actor=cast.actor("owner"), name="ci", scopes=["deploy"], team=cast.team, role="operator")
    asked = services.deploy(
        actor=actor_for_token(token), service=harbour.service, environment=cast.production, build=harbour.built()
    )
    with pytest.raises(Forbidden):
        approve(cast.actor("owner"), asked)
    assert approve(cast.actor("operator"), asked).state == "queued"


@pytest.mark.parametrize("name", ["developer", "viewer", "stranger", "admin"])
def test_without_the_right_there_is_no_yes(harbour: Harbour, name: str) -> None:
    asked = ask(harbour, "owner")
    with pytest.raises(Forbidden):
        approve(harbour.cast.actor(name), asked)
    assert not Approval.objects.exists()


def test_two_approvals_are_two_people(harbour: Harbour) -> None:
    cast = harbour.cast
    cast.production.required_approvals = 2
    cast.production.save()
    asked = ask(harbour)
    token, _ = cast.token("operator")
    assert approve(cast.actor("operator"), asked).state == "awaiting_approval"
    assert approve(actor_for_token(token), asked).state == "awaiting_approval"
    assert approve(second_operator(cast), asked).state == "queued"


def test_a_yes_of_somebody_who_has_left_does_not_count(harbour: Harbour) -> None:
    cast = harbour.cast
    cast.production.required_approvals = 2
    cast.production.save()
    asked = ask(harbour)
    approve(cast.actor("operator"), asked)
    Membership.objects.filter(user=cast.users["operator"]).delete()
    assert approve(cast.actor("owner"), asked).state == "awaiting_approval"


def test_more_approvals_asked_for_since_then_are_needed(harbour: Harbour) -> None:
    asked = ask(harbour)
    harbour.cast.production.required_approvals = 2
    harbour.cast.production.save()
    assert approve(harbour.cast.actor("operator"), asked).state == "awaiting_approval"


def test_another_hash_is_another_plan(harbour: Harbour) -> None:
    asked = ask(harbour)
    with pytest.raises(Conflicting) as refused:
        approve(harbour.cast.actor("operator"), asked, plan_hash="0" * 64)
    assert refused.value.code == "plan.other"


def test_a_host_that_drops_out_ends_it_with_the_reason_instead_of_another_plan(harbour: Harbour) -> None:
    asked = ask(harbour)
    harbour.cast.host.drained = True
    harbour.cast.host.save()
    ended = approve(harbour.cast.actor("operator"), asked)
    assert ended.state == "failed" and ended.problem is not None
    assert ended.problem["code"] == "plan.changed" and "drained" in ended.problem["message"]
    assert harbour.next_job(ended) is None


def test_a_host_that_joins_has_the_plan_made_anew_and_takes_the_approvals_with_it(harbour: Harbour) -> None:
    build = harbour.built()
    other = harbour.host("other")
    harbour.built(host=other, same_as=build)
    cast = harbour.cast
    asked = services.deploy(
        actor=cast.actor("developer"), service=harbour.service, environment=cast.production, build=build
    )
    cast.production.hosts.add(other)
    with pytest.raises(Conflicting) as refused:
        approve(cast.actor("operator"), asked)
    assert refused.value.code == "plan.other"
    again = Deployment.objects.get(id=asked.id)
    assert again.state == "awaiting_approval" and again.plan_hash != asked.plan_hash
    assert {step["name"] for step in again.plan["steps"]} == {"local", "other"}
    assert approve(cast.actor("operator"), again).state == "queued"


def test_changed_settings_do_not_change_an_approved_release(harbour: Harbour) -> None:
    asked = ask(harbour)
    services.change_service(actor=harbour.cast.actor("developer"), service=harbour.service, settings={"replicas": 9})
    started = approve(harbour.cast.actor("operator"), asked)
    assert started.state == "queued" and len(harbour.replicas(harbour.cast.production)) == 2


def test_who_asked_and_has_left_meanwhile_starts_nothing(harbour: Harbour) -> None:
    asked = ask(harbour)
    Membership.objects.filter(user=harbour.cast.users["developer"]).delete()
    ended = approve(harbour.cast.actor("operator"), asked)
    assert ended.state == "failed" and ended.problem is not None and ended.problem["code"] == "request.right_lost"


def test_a_newer_request_takes_the_place_of_one_that_waits(harbour: Harbour) -> None:
    older, newer = ask(harbour), ask(harbour, "operator")
    older.refresh_from_db()
    assert older.state == "superseded" and newer.state == "awaiting_approval"
    with pytest.raises(Conflicting):
        approve(harbour.cast.actor("operator"), older)


def test_a_no_ends_it(harbour: Harbour) -> None:
    asked = ask(harbour)
    operator = harbour.cast.actor("operator")
    ended = services.reject(actor=operator, deployment=asked, comment="not on a Friday")
    assert ended.state == "cancelled" and ended.problem is not None and "Friday" in ended.problem["message"]
    assert services.reject(actor=operator, deployment=asked).state == "cancelled"
    with pytest.raises(Conflicting):
        approve(harbour.cast.actor("owner"), asked)


def test_nobody_rejects_their_own_request_but_may_take_it_back(harbour: Harbour) -> None:
    asked = ask(harbour, "operator")
    with pytest.raises(Forbidden):
        services.reject(actor=harbour.cast.actor("operator"), deployment=asked)
    assert services.cancel(actor=harbour.cast.actor("operator"), deployment=asked).state == "cancelled"


@pytest.mark.parametrize("verb", ["scale", "restart", "stop", "start"])
def test_every_kind_of_approved_plan_starts_as_it_was_planned(harbour: Harbour, verb: str) -> None:
    cast = harbour.cast
    harbour.carry_out(approve(cast.actor("operator"), ask(harbour)))
    where: dict[str, Any] = {"service": harbour.service, "environment": cast.production}
    if verb == "scale":
        asked = services.scale(actor=cast.actor("developer"), replicas=1, **where)
    else:
        ask_for = {"restart": services.restart, "stop": services.stop, "start": services.start}[verb]
        one = harbour.replicas(cast.production)[1]
        asked = ask_for(actor=cast.actor("developer"), replica=one, **where)
    started = approve(cast.actor("operator"), asked)
    assert started.state == "queued", started.problem
    assert harbour.carry_out(started).state == "succeeded"
