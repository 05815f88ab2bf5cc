"""A build that waits: where it stands, why, and what an operator does about it."""

import pytest

from runtime.contract.reports import Finish
from tests.deployments.rig import UNHEALTHY, Harbour
from webapp.audit.models import Entry
from webapp.hosts.models import Host
from webapp.hosts.services import enroll, set_build_slots, set_drained
from webapp.images.models import Build
from webapp.images.services import cancel_build, move_build, put_build_first, request_build
from webapp.images.waiting import why_waiting
from webapp.jobs import services as jobs
from webapp.jobs.models import Job
from webapp.problems import Conflicting, Forbidden, Unplannable
from webapp.teams.policy import SYSTEM

pytestmark = pytest.mark.thorough


def waiting(harbour: Harbour, count: int) -> list[Build]:
    """So many builds that wait behind others that have all slots."""
    builds = [request_build(actor=harbour.cast.actor("developer"), image=harbour.image) for _ in range(count + 2)]
    for build in builds[:2]:
        harbour.claim(build.job)
    return builds[2:]


def places(builds: list[Build]) -> list[int | None]:
    return [jobs.queue_position(Job.objects.get(id=build.job_id)) for build in builds]


def again(build: Build) -> Build:
    return Build.objects.select_related("image__project__team", "job__host").get(id=build.id)


def test_an_operator_lets_a_build_be_the_next_and_the_freed_slot_is_its(harbour: Harbour) -> None:
    first, second, third = waiting(harbour, 3)
    operator = harbour.cast.actor("operator")
    for _ in range(2):
        put_build_first(actor=operator, build=third)
    assert places([first, second, third]) == [2, 3, 1]
    put_build_first(actor=operator, build=second)
    assert places([first, second, third]) == [3, 1, 2]
    told = Entry.objects.filter(action="build.put_first").order_by("number")
    assert [entry.before for entry in told] == [{"position": 3}, {"position": 3}]
    running = Job.objects.filter(state="claimed")[0]
    harbour.finish(running, Finish(state="failed", last_line=0, problem=UNHEALTHY))
    rung = Job.objects.filter(rings__gt=1).values_list("id", flat=True)
    assert list(rung) == [second.job_id]


@pytest.mark.parametrize("name", ["viewer", "developer", "stranger", "admin"])
def test_who_does_not_operate_changes_no_turn(harbour: Harbour, name: str) -> None:
    first, second = waiting(harbour, 2)
    actor, host = harbour.cast.actor(name), harbour.host("second")
    with pytest.raises(Forbidden):
        put_build_first(actor=actor, build=second)
    with pytest.raises(Forbidden):
        move_build(actor=actor, build=second, host=host)
    assert places([first, second]) == [1, 2]


def test_what_does_not_wait_is_neither_put_first_nor_moved(harbour: Harbour) -> None:
    (build,) = waiting(harbour, 1)
    operator, host = harbour.cast.actor("operator"), harbour.host("second")
    cancel_build(actor=operator, build=build)
    with pytest.raises(Conflicting, match="does not wait"):
        put_build_first(actor=operator, build=build)
    with pytest.raises(Conflicting, match="does not wait"):
        move_build(actor=operator, build=build, host=host)


def test_a_waiting_build_is_made_by_another_host(harbour: Harbour) -> None:
    (build,) = waiting(harbour, 1)
    second, operator = harbour.host("second"), harbour.cast.actor("operator")
    for _ in range(2):
        move_build(actor=operator, build=again(build), host=second)
    assert places([build]) == [1] and again(build).host == second
    told = Entry.objects.get(action="build.move")
    assert (told.before, told.after) == ({"host": "local"}, {"host": "second"})
    assert harbour.claim(build.job).host == second


def test_a_host_that_cannot_build_is_told_apart(harbour: Harbour) -> None:
    (build,) = waiting(harbour, 1)
    operator = harbour.cast.actor("operator")
    foreign, _ = enroll(actor=SYSTEM, name="foreign")
    silent, _ = enroll(actor=SYSTEM, name="silent", every_team=True)
    drained = set_drained(actor=SYSTEM, host=harbour.host("drained"), drained=True)
    for host, words in ((foreign, "never been heard"), (silent, "never been heard"), (drained, "is drained")):
        with pytest.raises(Unplannable) as refused:
            move_build(actor=operator, build=again(build), host=host)
        assert words in refused.value.reasons[0]
    assert again(build).host == harbour.cast.host


def test_a_build_says_why_it_waits(harbour: Harbour) -> None:
    first, second = waiting(harbour, 2)
    developer = harbour.cast.actor("developer")
    found = why_waiting(again(second), actor=developer)
    assert found is not None and found.position == 2
    assert found.reasons == (
        "All 2 build slots of host local are taken.",
        "1 build of its queue comes before it.",
    )
    assert [build.number for build in found.behind] == [1, 2]
    hidden = why_waiting(again(first), actor=harbour.cast.actor("stranger"))
    assert hidden is not None and hidden.behind == ()
    assert "2 by builds of projects that are not yours" in hidden.reasons[0]
    set_drained(actor=SYSTEM, host=Host.objects.get(id=first.host_id), drained=True)
    set_build_slots(actor=SYSTEM, host=Host.objects.get(id=first.host_id), build_slots=0)
    found = why_waiting(again(first), actor=developer)
    assert found is not None and "is drained" in found.reasons[0] and "has no build slot" in found.reasons[1]


def test_a_build_that_does_not_wait_has_no_reason(harbour: Harbour) -> None:
    waiting(harbour, 0)
    assert why_waiting(again(Build.objects.all()[0])) is None
