"""Two deployments of one service: one goes, the other is refused or stands in line, and one alone stands there."""

import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils.timezone import now

from tests.deployments.rig import Harbour
from webapp.audit.models import Entry
from webapp.deployments import services
from webapp.deployments.models import UNDER_WAY, Deployment
from webapp.deployments.services import queueing
from webapp.hosts.models import Host
from webapp.problems import Conflicting
from webapp.teams.models import Membership

pytestmark = pytest.mark.thorough

RACERS = 50


def ask(harbour: Harbour, who: str = "developer", **more: Any) -> Deployment:
    given = {"service": harbour.service, "environment": harbour.cast.dev, "build": harbour.built(), **more}
    return services.deploy(actor=harbour.cast.actor(who), **given)


def state_of(deployment: Deployment) -> str:
    return str(Deployment.objects.values_list("state", flat=True).get(id=deployment.id))


def test_without_asking_to_stand_in_line_the_second_is_refused(harbour: Harbour) -> None:
    first = ask(harbour)
    with pytest.raises(Conflicting) as refused:
        ask(harbour)
    assert refused.value.code == "deployment.under_way" and first.id in refused.value.detail


def test_the_next_in_line_starts_when_the_first_has_ended_planned_anew(harbour: Harbour) -> None:
    first = ask(harbour)
    second = ask(harbour, queue=True)
    assert second.state == "in_line" and second.started_at is None
    assert queueing.run_once(now()) == 0 and harbour.next_job(second) is None
    harbour.carry_out(first)
    assert queueing.run_once(now()) == 1
    second.refresh_from_db()
    assert second.state == "queued" and second.previous_id == first.release_id
    assert second.plan["before"]["release"] == first.release_id
    assert harbour.carry_out(second).state == "succeeded"
    assert {row.release_id for row in harbour.replicas()} == {second.release_id}


def test_it_has_its_turn_also_after_one_that_failed(harbour: Harbour) -> None:
    done = harbour.deployed()
    first = ask(harbour)
    second = ask(harbour, queue=True)
    job = harbour.next_job(first)
    assert job is not None
    harbour.fail(job, reverted=True)
    assert queueing.run_once(now()) == 1
    second.refresh_from_db()
    assert second.previous_id == done.release_id and harbour.carry_out(second).state == "succeeded"


def test_a_newer_one_takes_the_place_of_what_stands_in_line(harbour: Harbour) -> None:
    first = ask(harbour)
    older, newer = ask(harbour, queue=True), ask(harbour, who="owner", queue=True)
    assert [state_of(one) for one in (first, older, newer)] == ["queued", "superseded", "in_line"]


def test_what_stands_in_line_is_taken_back_at_once(harbour: Harbour) -> None:
    first, second = ask(harbour), ask(harbour, queue=True)
    assert services.cancel(actor=harbour.cast.actor("developer"), deployment=second).state == "cancelled"
    assert state_of(first) == "queued" and queueing.run_once(now()) == 0


def test_where_nothing_is_under_way_nobody_stands_in_line(harbour: Harbour) -> None:
    assert ask(harbour, queue=True).state == "queued"


def test_a_scaling_stands_in_line_too(harbour: Harbour) -> None:
    harbour.deployed()
    first = ask(harbour)
    second = services.scale(
        actor=harbour.cast.actor("owner"), service=harbour.service, environment=harbour.cast.dev, replicas=3, queue=True
    )
    harbour.carry_out(first)
    assert queueing.run_once(now()) == 1
    second.refresh_from_db()
    harbour.carry_out(second)
    assert [row.index for row in harbour.replicas()] == [1, 2, 3]


@pytest.mark.parametrize("change", ["right", "approvals", "host"])
def test_what_may_not_start_when_its_turn_comes_ends_with_the_reason(harbour: Harbour, change: str) -> None:
    cast = harbour.cast
    first, second = ask(harbour), ask(harbour, queue=True)
    harbour.carry_out(first)
    if change == "right":
        Membership.objects.filter(user=cast.users["developer"]).update(role="viewer")
    elif change == "approvals":
        cast.dev.protected, cast.dev.required_approvals = True, 1
        cast.dev.save()
    else:
        Host.objects.update(last_heard_at=None, connected=False)
    assert queueing.run_once(now()) == 0
    second.refresh_from_db()
    assert second.state == "failed" and second.problem is not None
    assert "When its turn came it could not start" in second.problem["message"]


def test_the_database_holds_that_one_alone_stands_in_line(harbour: Harbour) -> None:
    ask(harbour)
    second = ask(harbour, queue=True)
    third = ask(harbour, queue=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        Deployment.objects.filter(id=second.id).update(state="in_line")
    assert state_of(third) == "in_line"


def test_a_program_asks_to_stand_in_line_and_the_page_says_whose_end_it_waits_for(harbour: Harbour) -> None:
    first = ask(harbour)
    body = {"service": harbour.service.id, "environment": harbour.cast.dev.id, "build": harbour.built().id}
    client = harbour.cast.bearer("developer")
    path, json = "/api/v1/deployments/", "application/json"
    assert client.post(path, body, content_type=json).status_code == 409
    made = client.post(path, {**body, "queue": True}, content_type=json)
    assert (made.status_code, made.json()["state"]) == (202, "in_line")
    page = harbour.cast.client("viewer").get(f"/deployments/{made.json()['id']}/").content.decode()
    assert "waits for its turn" in page and f"/deployments/{first.id}/" in page


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_goes_one_stands_in_line_and_all_others_are_told(harbour: Harbour) -> None:
    builds = [harbour.built() for _ in range(5)]
    barrier, told = threading.Barrier(RACERS), []
    actors = [harbour.cast.actor(name) for name in ("developer", "operator", "owner")]

    def race(number: int) -> None:
        barrier.wait()
        try:
            services.deploy(
                actor=actors[number % 3],
                service=harbour.service,
                environment=harbour.cast.dev,
                build=builds[number % 5],
                queue=number % 2 == 0,
            )
            told.append("taken")
        except Conflicting as refusal:
            told.append(refusal.code)
        finally:
            connection.close()

    racers = [threading.Thread(target=race, args=(number,)) for number in range(RACERS)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len(told) == RACERS and set(told) <= {"taken", "deployment.under_way"}
    states = sorted(Deployment.objects.values_list("state", flat=True))
    assert len(states) == told.count("taken") == Entry.objects.filter(action="deployment.deploy").count()
    assert (
        states.count("queued") == 1
        and states.count("in_line") == 1
        and set(states) <= {"queued", "in_line", "superseded"}
    )
    harbour.carry_out(Deployment.objects.get(state="queued"))
    assert queueing.run_once(now()) == 1
    last = harbour.carry_out(Deployment.objects.get(state="queued"))
    assert last.state == "succeeded" and not Deployment.objects.filter(state__in=UNDER_WAY).exists()
    assert {row.release_id for row in harbour.replicas()} == {last.release_id}
    assert [row.index for row in harbour.replicas()] == [1, 2]
