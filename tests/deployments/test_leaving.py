"""Leaving a host, heard or not: by a person under the gate, by itself where a release says so; duplicate, delete."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from tests.cast import EVERYBODY
from tests.deployments.rig import Harbour, facts, snapshot
from webapp.audit.models import Entry
from webapp.deployments import services
from webapp.deployments.models import Deployment, Replica
from webapp.deployments.rollout import observe, reconcile
from webapp.environments.models import Environment
from webapp.hosts.models import Host
from webapp.hosts.services import set_drained
from webapp.jobs.models import Job
from webapp.problems import Conflicting, Forbidden, Unplannable
from webapp.teams.policy import SYSTEM

pytestmark = pytest.mark.thorough


def on_two(harbour: Harbour, **settings: Any) -> Host:
    """Two replicas run, one on each of two hosts; the second host."""
    other = harbour.host("other", harbour.cast.dev)
    asked = {"replicas": 2, **settings}
    owner = harbour.cast.actor("owner")
    harbour.service = services.change_service(actor=owner, service=harbour.service, settings=asked)
    build = harbour.built()
    harbour.built(host=other, same_as=build)
    made = services.deploy(actor=owner, service=harbour.service, environment=harbour.cast.dev, build=build)
    harbour.carry_out(made)
    return other


def silence(host: Host, seconds: float = 20.0) -> datetime:
    """It was heard so long ago."""
    at = now() - timedelta(seconds=seconds)
    Host.objects.filter(id=host.id).update(last_heard_at=at)
    host.refresh_from_db()
    return at


def evacuated(harbour: Harbour, host: Host, who: str = "developer") -> Deployment:
    return services.evacuate(
        actor=harbour.cast.actor(who), service=harbour.service, environment=harbour.cast.dev, host=host
    )


def where(harbour: Harbour) -> list[tuple[int, str]]:
    return [(row.index, row.host.name) for row in harbour.replicas()]


def test_what_ran_on_a_silent_host_runs_elsewhere_and_the_host_is_told_when_it_is_heard(harbour: Harbour) -> None:
    other = on_two(harbour)
    left = Replica.objects.get(host=other)
    silence(other)
    made = harbour.carry_out(evacuated(harbour, other))
    assert made.state == "succeeded" and where(harbour) == [(1, "local"), (2, "local")]
    assert not Job.objects.filter(host=other, state="queued").exists(), "nothing waits for who is not heard"
    left.refresh_from_db()
    assert (left.desired, bool(left.container)) == ("gone", True), "it may run on there"

    Host.objects.filter(id=other.id).update(last_heard_at=now())
    observe.snapshot(host=other, snapshot=snapshot(facts(left)), now=now() + timedelta(seconds=5))
    assert reconcile.run_once(now()) == 1
    job = Job.objects.get(host=other, state="queued")
    assert job.order["replicas"] == [] and job.order["service"] == harbour.service.id
    harbour.succeed(job)
    left.refresh_from_db()
    assert (left.container, left.state) == ("", "stopped") and reconcile.run_once(now()) == 0
    assert left.log.end_state == "", "its last lines may still come; then the log ends, and is kept"


def test_a_drained_host_is_cleared_when_the_others_are_healthy(harbour: Harbour) -> None:
    other = on_two(harbour)
    set_drained(actor=SYSTEM, host=other, drained=True)
    made = evacuated(harbour, other)
    first = harbour.next_job(made)
    assert first is not None and first.host.name == "local" and where(harbour)[1] == (2, "other")
    made = harbour.carry_out(made)
    assert made.state == "succeeded" and where(harbour) == [(1, "local"), (2, "local")]
    assert not Replica.objects.filter(host=other).exclude(container="").exists()


def test_what_fails_elsewhere_leaves_the_silent_hosts_copy_wanted(harbour: Harbour) -> None:
    other = on_two(harbour)
    silence(other)
    made = evacuated(harbour, other)
    job = harbour.next_job(made)
    assert job is not None
    harbour.fail(job)
    assert Replica.objects.get(host=other).desired == "running"


def test_two_silent_hosts_are_left_at_once(harbour: Harbour) -> None:
    other = on_two(harbour)
    third = harbour.host("third", harbour.cast.dev)
    build = Replica.objects.filter(host=other).get().release.build
    harbour.built(host=third, same_as=build)
    for host in (other, harbour.cast.host):
        silence(host)
    made = harbour.carry_out(evacuated(harbour, other))
    assert made.state == "succeeded" and where(harbour) == [(1, "third"), (2, "third")]


def test_nothing_to_leave_and_nowhere_to_go_are_said(harbour: Harbour) -> None:
    harbour.deployed()
    third = harbour.host("third")
    with pytest.raises(Conflicting) as nothing:
        evacuated(harbour, third)
    assert nothing.value.code == "host.nothing_there"
    with pytest.raises(Unplannable):
        evacuated(harbour, harbour.cast.host)


def test_it_meets_the_gate_like_everything(harbour: Harbour) -> None:
    other = on_two(harbour)
    with pytest.raises(Forbidden):
        evacuated(harbour, other, who="viewer")
    Environment.objects.filter(id=harbour.cast.dev.id).update(protected=True, required_approvals=1)
    harbour.cast.dev.refresh_from_db()
    waiting = evacuated(harbour, other)
    assert waiting.state == "awaiting_approval" and where(harbour) == [(1, "local"), (2, "other")]
    services.approve(actor=harbour.cast.actor("operator"), deployment=waiting, plan_hash=waiting.plan_hash)
    assert harbour.carry_out(waiting).state == "succeeded" and where(harbour) == [(1, "local"), (2, "local")]


AUTOMATIC: dict[str, Any] = {"placement": {"when_silent": "automatic", "after": 60}}


def test_by_itself_it_moves_only_where_the_release_says_so_and_only_after_its_time(harbour: Harbour) -> None:
    other = on_two(harbour, **AUTOMATIC)
    silence(other, 50)
    assert services.move_by_themselves(now()) == 0
    silence(other, 70)
    assert services.move_by_themselves(now()) == 1
    made = Deployment.objects.get(kind="evacuation")
    assert made.requested_as == "slipway" and "was last heard" in made.comment
    assert services.move_by_themselves(now()) == 0, "one is under way"
    assert harbour.carry_out(made).state == "succeeded" and where(harbour) == [(1, "local"), (2, "local")]
    assert services.move_by_themselves(now() + timedelta(hours=1)) == 0, "nothing is left there"
    assert Entry.objects.filter(action="deployment.evacuation", actor="slipway").exists()


def test_by_hand_nothing_moves_by_itself(harbour: Harbour) -> None:
    other = on_two(harbour)
    silence(other, 100_000)
    assert services.move_by_themselves(now()) == 0 and where(harbour)[1] == (2, "other")


def test_the_gates_were_met_when_the_release_was_asked_for(harbour: Harbour) -> None:
    other = on_two(harbour, **AUTOMATIC)
    Environment.objects.filter(id=harbour.cast.dev.id).update(protected=True, required_approvals=1)
    silence(other, 70)
    assert services.move_by_themselves(now()) == 1
    assert Deployment.objects.get(kind="evacuation").state == "queued"


def test_what_finds_no_place_is_asked_for_again_without_piling_up(harbour: Harbour) -> None:
    other = on_two(harbour, **AUTOMATIC)
    set_drained(actor=SYSTEM, host=harbour.cast.host, drained=True)
    silence(other, 70)
    assert [services.move_by_themselves(now()) for _ in range(3)] == [0, 0, 0]
    assert not Deployment.objects.filter(kind="evacuation").exists()


def test_a_whole_host_is_left_service_by_service_and_what_stays_says_why(harbour: Harbour) -> None:
    other = on_two(harbour)
    left = services.leave_host(actor=harbour.cast.actor("developer"), host=other)
    assert [made.kind for made in left.deployments] == ["evacuation"] and left.refused == []
    again = services.leave_host(actor=harbour.cast.actor("developer"), host=other)
    assert again.deployments == [] and "is queued there" in again.refused[0].why
    for who in ("stranger", "admin"):
        nothing = services.leave_host(actor=harbour.cast.actor(who), host=other)
        assert (nothing.deployments, nothing.refused) == ([], []), "nobody's but one's own"


def test_a_replica_is_lost_from_the_moment_on_at_which_its_host_is_not_heard(harbour: Harbour) -> None:
    other = on_two(harbour)
    at = silence(other, 13)
    api, page = harbour.cast.client("viewer"), f"/replicas/{Replica.objects.get(host=other).id}/"
    shown = {row["host"]: row for row in api.get("/api/v1/replicas/").json()["results"]}
    assert (shown["other"]["state"], shown["other"]["health"]) == ("lost", None), "before anybody noted it"
    assert datetime.fromisoformat(shown["other"]["unknown_since"]) == at
    assert (shown["local"]["state"], shown["local"]["unknown_since"]) == ("healthy", None)
    for where_it_shows in (page, f"/projects/{harbour.cast.project.id}/", f"/services/{harbour.service.id}/"):
        html = api.get(where_it_shows).content.decode()
        assert "unknown" in html and "since" in html
    assert reconcile.note_silence(now()) == 1
    assert Replica.objects.get(host=other).state == "lost"


def test_one_more_and_one_less(harbour: Harbour) -> None:
    on_two(harbour)
    developer = harbour.cast.actor("developer")

    def change(verb: Callable[..., Deployment], index: int) -> Deployment:
        replica = next(row for row in harbour.replicas() if row.index == index)
        place = {"service": harbour.service, "environment": harbour.cast.dev, "replica": replica}
        return harbour.carry_out(verb(actor=developer, **place))

    more = change(services.duplicate, 1)
    assert (more.kind, more.state) == ("scale", "succeeded") and [index for index, _ in where(harbour)] == [1, 2, 3]
    kept = {row.index: row.id for row in harbour.replicas() if row.index != 2}
    less = change(services.delete_replica, 2)
    assert less.state == "succeeded" and {row.index: row.id for row in harbour.replicas()} == kept
    harbour.deployed(build=Deployment.objects.get(id=less.id).release.build)
    assert [index for index, _ in where(harbour)] == [1, 3], "numbers stay"
    change(services.delete_replica, 1)
    with pytest.raises(Conflicting) as last:
        change(services.delete_replica, 3)
    assert last.value.code == "replica.last"


def test_a_replica_that_is_gone_is_neither_duplicated_nor_deleted(harbour: Harbour) -> None:
    on_two(harbour)
    first = harbour.replicas()[0]
    Replica.objects.filter(id=first.id).update(desired="gone")
    for verb in (services.duplicate, services.delete_replica):
        with pytest.raises(Conflicting):
            verb(
                actor=harbour.cast.actor("owner"),
                service=harbour.service,
                environment=harbour.cast.dev,
                replica=first,
            )


@pytest.mark.parametrize("who", EVERYBODY)
def test_a_host_goes_when_nothing_runs_there_and_says_else_what_does(harbour: Harbour, who: str) -> None:
    other = on_two(harbour)
    if who != "admin":
        with pytest.raises(Forbidden):
            services.remove_host(actor=harbour.cast.actor(who), host=other)
        return
    with pytest.raises(Conflicting, match="1 replicas are wanted there"):
        services.remove_host(actor=harbour.cast.actor(who), host=other)
    harbour.carry_out(evacuated(harbour, other))
    services.remove_host(actor=harbour.cast.actor(who), host=other)
    assert not harbour.cast.dev.hosts.filter(id=other.id).exists()
    assert other not in Host.objects.visible_to(harbour.cast.actor("admin"))
    host = Host.objects.get(id=other.id)
    assert (host.state, host.removed) == ("revoked", True)
    assert harbour.host("other").id == other.id and not Host.objects.get(id=other.id).removed


def test_why_a_replica_is_there_is_told(harbour: Harbour) -> None:
    on_two(harbour)
    replica = harbour.replicas()[0]
    assert replica.why == "Of 2 hosts that can take it, local had the fewest copies of it."
    viewer = harbour.cast.client("viewer")
    assert viewer.get(f"/api/v1/replicas/{replica.id}/").json()["why"] == replica.why
    assert replica.why in viewer.get(f"/replicas/{replica.id}/").content.decode()
