"""Two people at the same moment, each with a connection of their own: one outcome, and what was said is kept.

Run on SQLite here, and on PostgreSQL by `python -m tests.on_postgres tests/deployments/test_racing.py -m ""`.
"""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from tests.cast import make_cast, make_user
from tests.deployments.rig import Harbour
from tests.deployments.rules import a_reason, harbour_of
from webapp.deployments import services
from webapp.deployments.models import Approval, Deployment, Service
from webapp.deployments.services import starting
from webapp.environments.models import Environment
from webapp.jobs import dispatch
from webapp.jobs.models import Job
from webapp.problems import Refusal
from webapp.teams.models import Membership
from webapp.teams.policy import Actor, actor_for_user

pytestmark = [pytest.mark.thorough, pytest.mark.django_db(transaction=True)]

TURNS = 3
PATIENCE_SECONDS = 60.0

Act = Callable[[], object]


@pytest.fixture
def racing(transactional_db: None, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Harbour:
    monkeypatch.setattr(dispatch, "_send", lambda *, job_id, queue_name: None)
    cast = make_cast()
    user = make_user("second")
    Membership.objects.create(team=cast.team, user=user, role="operator")
    return harbour_of(cast)


def second() -> Actor:
    return actor_for_user(Membership.objects.select_related("user").get(user__username="second").user)


def ask(harbour: Harbour, approvals: int = 1) -> Deployment:
    cast = harbour.cast
    Environment.objects.filter(id=cast.production.id).update(required_approvals=approvals)
    return services.deploy(
        actor=cast.actor("developer"),
        service=harbour.service,
        environment=Environment.objects.get(id=cast.production.id),
        build=harbour.built(),
    )


def at_once(*acts: Act) -> list[object]:
    """What each came to: its answer, or the refusal."""
    gate, found = threading.Barrier(len(acts)), dict[int, object]()

    def run(place: int, act: Act) -> None:
        try:
            gate.wait(PATIENCE_SECONDS)
            found[place] = act()
        except Refusal as refusal:
            found[place] = refusal
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=one) for one in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert sorted(found) == list(range(len(acts)))
    return [found[place] for place in range(len(acts))]


def approve(actor: Actor, asked: Deployment) -> Act:
    return lambda: services.approve(actor=actor, deployment=asked, plan_hash=asked.plan_hash)


def orders_of(asked: Deployment) -> int:
    return Job.objects.filter(deployment_job__deployment=asked).count()


@pytest.mark.parametrize("turn", range(TURNS))
def test_two_approvals_of_two_that_are_needed_start_it_once(racing: Harbour, turn: int) -> None:
    asked = ask(racing, approvals=2)
    at_once(approve(racing.cast.actor("operator"), asked), approve(second(), asked))
    asked.refresh_from_db()
    assert asked.state == "queued" and orders_of(asked) == 1
    assert Approval.objects.filter(approved=True, lapsed_at=None).count() == 2


@pytest.mark.parametrize("turn", range(TURNS))
def test_one_person_twice_is_one_approval(racing: Harbour, turn: int) -> None:
    asked = ask(racing, approvals=2)
    operator = racing.cast.actor("operator")
    at_once(approve(operator, asked), approve(operator, asked))
    asked.refresh_from_db()
    assert asked.state == "awaiting_approval" and Approval.objects.count() == 1


@pytest.mark.parametrize("turn", range(TURNS))
def test_an_approval_and_a_cancel_end_in_one_of_the_two(racing: Harbour, turn: int) -> None:
    asked = ask(racing)
    developer = racing.cast.actor("owner")
    at_once(
        approve(racing.cast.actor("operator"), asked),
        lambda: services.cancel(actor=developer, deployment=Deployment.objects.get(id=asked.id)),
    )
    asked.refresh_from_db()
    assert asked.state == "cancelled"  # before it started, or its queued job with it
    assert not Job.objects.filter(deployment_job__deployment=asked).exclude(state="cancelled").exists()


@pytest.mark.parametrize("turn", range(TURNS))
def test_an_approval_and_another_plan_never_start_what_was_not_approved(racing: Harbour, turn: int) -> None:
    Service.objects.update(settings={"replicas": 2})  # which a second host would share
    asked = ask(racing)
    other = racing.host("other", racing.cast.production)
    racing.built(host=other, same_as=asked.release.build)
    at_once(
        approve(racing.cast.actor("operator"), asked),
        lambda: services.replan(actor=racing.cast.actor("owner"), deployment=asked),
    )
    asked.refresh_from_db()
    assert asked.state == "awaiting_approval" and orders_of(asked) == 0
    assert not Approval.objects.filter(lapsed_at=None).exclude(plan_hash=asked.plan_hash).exists()


@pytest.mark.parametrize("turn", range(TURNS))
def test_an_approval_and_a_newer_request_leave_one_under_way_at_most(racing: Harbour, turn: int) -> None:
    asked, build = ask(racing), racing.built()
    owner: Any = racing.cast.actor("owner")
    at_once(
        approve(racing.cast.actor("operator"), asked),
        lambda: services.deploy(
            actor=owner, service=racing.service, environment=asked.environment, build=build, **a_reason(racing.cast)
        ),
    )
    states = list(Deployment.objects.values_list("state", flat=True))
    assert sum(state in ("queued", "rolling") for state in states) == 1, states


@pytest.mark.parametrize("turn", range(TURNS))
def test_the_loop_and_an_approval_start_it_once(racing: Harbour, turn: int) -> None:
    asked = ask(racing)
    moment = Deployment.objects.values_list("created_at", flat=True).get()
    at_once(approve(racing.cast.actor("operator"), asked), lambda: starting.run_once(moment))
    starting.run_once(moment)
    asked.refresh_from_db()
    assert asked.state == "queued" and orders_of(asked) == 1
