"""Approvals are of one plan and for a while; what is approved outside of a window starts when the environment opens."""

from datetime import datetime, timedelta

import pytest
from django.utils.timezone import now

from tests.deployments.rig import Harbour
from webapp.control.duties import LOOPS
from webapp.deployments import services
from webapp.deployments.models import Approval, Deployment
from webapp.deployments.services import starting
from webapp.environments.models import Environment
from webapp.environments.services import change_environment
from webapp.problems import Unplannable

pytestmark = pytest.mark.thorough


def ask(harbour: Harbour, environment: Environment | None = None) -> Deployment:
    cast = harbour.cast
    return services.deploy(
        actor=cast.actor("developer"),
        service=harbour.service,
        environment=environment or cast.production,
        build=harbour.built(),
    )


def approve(harbour: Harbour, asked: Deployment, name: str = "operator") -> Deployment:
    return services.approve(actor=harbour.cast.actor(name), deployment=asked, plan_hash=asked.plan_hash)


def freeze(harbour: Harbour, environment: Environment, *, hours: int = 2) -> datetime:
    """Frozen from an hour ago for so many hours; until when."""
    until = now().replace(second=0, microsecond=0) + timedelta(hours=hours)
    row = {"from": (now() - timedelta(hours=1)).isoformat(), "until": until.isoformat(), "reason": "the fair"}
    change_environment(actor=harbour.cast.actor("owner"), environment=environment, freezes=[row])
    environment.refresh_from_db()
    return until


def age(hours: float) -> None:
    Approval.objects.update(created_at=now() - timedelta(hours=hours))


def two_needed(harbour: Harbour) -> None:
    Environment.objects.filter(id=harbour.cast.production.id).update(required_approvals=2)


def test_an_approval_that_is_too_old_counts_no_more_at_the_start(harbour: Harbour) -> None:
    two_needed(harbour)
    asked = ask(harbour)
    approve(harbour, asked)
    age(24.1)
    assert approve(harbour, asked, "owner").state == "awaiting_approval"
    old = Approval.objects.get(user=harbour.cast.users["operator"])
    assert old.lapsed_at is not None and old.lapsed_why == "it is too old"
    assert approve(harbour, asked).state == "queued"  # said once more, it counts


def test_the_control_loop_lets_it_lapse_and_the_environment_says_when(harbour: Harbour) -> None:
    two_needed(harbour)
    change_environment(actor=harbour.cast.actor("owner"), environment=harbour.cast.production, approval_hours=2)
    approve(harbour, ask(harbour))
    age(1.9)
    starting.run_once(now())
    assert not Approval.objects.exclude(lapsed_at=None).exists()
    age(2.1)
    starting.run_once(now())
    assert Approval.objects.exclude(lapsed_at=None).count() == 1


def test_where_nothing_is_asked_first_a_freeze_refuses_with_when_it_opens(harbour: Harbour) -> None:
    until = freeze(harbour, harbour.cast.staging)
    with pytest.raises(Unplannable) as refused:
        ask(harbour, harbour.cast.staging)
    assert refused.value.code == "environment.closed" and "the fair" in refused.value.detail
    assert f"{until:%H:%M} UTC" in refused.value.reasons[0]


def test_what_is_approved_meanwhile_waits_visibly_and_starts_when_it_opens(harbour: Harbour) -> None:
    until = freeze(harbour, harbour.cast.production)
    waiting = approve(harbour, ask(harbour))
    assert waiting.state == "awaiting_approval"
    shown = harbour.cast.client("viewer").get(f"/api/v1/deployments/{waiting.id}/").json()
    assert datetime.fromisoformat(shown["opens_at"]) == until
    assert starting.run_once(until - timedelta(minutes=1)) == 0
    assert starting.run_once(until) == 1 and starting.run_once(until) == 0
    waiting.refresh_from_db()
    assert waiting.state == "queued" and harbour.next_job(waiting) is not None


def test_it_does_not_start_on_approvals_that_did_not_live_so_long(harbour: Harbour) -> None:
    until = freeze(harbour, harbour.cast.production, hours=30)
    waiting = approve(harbour, ask(harbour))
    assert starting.run_once(until) == 0
    waiting.refresh_from_db()
    assert waiting.state == "awaiting_approval" and Approval.objects.get().lapsed_at is not None


def test_it_does_not_start_while_another_deployment_is_under_way(harbour: Harbour) -> None:
    until = freeze(harbour, harbour.cast.production)
    waiting = approve(harbour, ask(harbour))
    rushed = services.hurry(
        actor=harbour.cast.actor("owner"), deployment=ask(harbour), emergency="Payments fail for everybody."
    )
    waiting.refresh_from_db()
    assert (waiting.state, rushed.state) == ("superseded", "queued")
    assert starting.run_once(until) == 0


def test_what_is_approved_while_another_is_under_way_starts_after_it(harbour: Harbour) -> None:
    first = ask(harbour)
    approve(harbour, first)
    second = ask(harbour)
    waiting = approve(harbour, second)
    assert waiting.state == "awaiting_approval" and starting.run_once(now()) == 0
    harbour.carry_out(Deployment.objects.get(id=first.id))
    assert starting.run_once(now()) == 1  # it was planned against what the first one made
    assert Deployment.objects.get(id=second.id).state == "queued"


def test_facts_that_changed_meanwhile_take_the_approvals_and_the_plan_is_made_anew(harbour: Harbour) -> None:
    until = freeze(harbour, harbour.cast.production)
    waiting = approve(harbour, ask(harbour))
    other = harbour.host("other", harbour.cast.production)
    harbour.built(host=other, same_as=waiting.release.build)
    assert starting.run_once(until) == 0
    again = Deployment.objects.get(id=waiting.id)
    assert again.state == "awaiting_approval" and again.plan_hash != waiting.plan_hash
    assert Approval.objects.get().lapsed_why == "the plan was made anew"
    assert starting.run_once(until) == 0


def test_a_yes_may_turn_into_a_no_while_it_waits(harbour: Harbour) -> None:
    freeze(harbour, harbour.cast.production)
    waiting = approve(harbour, ask(harbour))
    ended = services.reject(actor=harbour.cast.actor("operator"), deployment=waiting)
    assert ended.state == "cancelled" and Approval.objects.filter(lapsed_at=None).get().approved is False


def test_the_loop_has_it() -> None:
    assert "approvals" in [part.name for part in LOOPS["chores"]]
