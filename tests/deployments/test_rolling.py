"""Host by host: the next only when the one before is done, and back again when one fails."""

import pytest

from runtime.contract.reports import Finish
from tests.deployments.rig import Harbour
from webapp.deployments import services
from webapp.deployments.models import Deployment, DeploymentJob, DesiredState, Replica
from webapp.deployments.rollout import follow
from webapp.jobs.models import Job

pytestmark = pytest.mark.thorough


def two_hosts(harbour: Harbour) -> tuple[Deployment, Deployment]:
    """The first release runs on both hosts; the second is asked for."""
    other = harbour.host("other", harbour.cast.dev)
    first = harbour.built()
    harbour.built(host=other, same_as=first)
    done = harbour.deployed(build=first)
    second = harbour.built()
    harbour.built(host=other, same_as=second)
    asked = services.deploy(
        actor=harbour.cast.actor("developer"), service=harbour.service, environment=harbour.cast.dev, build=second
    )
    return done, asked


def state_of(deployment: Deployment) -> str:
    return str(Deployment.objects.values_list("state", flat=True).get(id=deployment.id))


def test_the_next_host_gets_its_job_when_the_one_before_is_done(harbour: Harbour) -> None:
    _, asked = two_hosts(harbour)
    first = harbour.next_job(asked)
    assert first is not None and first.host.name == "local"
    assert DeploymentJob.objects.filter(deployment=asked).count() == 1
    assert {row.release_id for row in harbour.replicas() if row.host.name == "other"} != {asked.release_id}
    harbour.succeed(first)
    second = harbour.next_job(asked)
    assert second is not None and second.host.name == "other" and state_of(asked) == "rolling"
    harbour.succeed(second)
    assert state_of(asked) == "succeeded"
    assert {row.release_id for row in harbour.replicas()} == {asked.release_id}


def test_a_failure_on_the_second_host_brings_the_first_back(harbour: Harbour) -> None:
    done, asked = two_hosts(harbour)
    harbour.succeed(job(harbour, asked))
    harbour.fail(job(harbour, asked), reverted=True)
    assert state_of(asked) == "rolling"
    back = job(harbour, asked)
    assert back.host.name == "local" and back.order["release"] == done.release_id
    generations = [link.job.order["generation"] for link in DeploymentJob.objects.filter(deployment=asked)]
    assert generations == [2, 2, 3]
    harbour.succeed(back)
    assert state_of(asked) == "rolled_back"
    assert {row.release_id for row in harbour.replicas()} == {done.release_id}
    assert [row.index for row in harbour.replicas()] == [1, 2]
    assert DesiredState.objects.get().release_id == done.release_id
    asked.refresh_from_db()
    assert asked.problem is not None and asked.problem["code"] == "unhealthy"


def test_when_bringing_back_fails_too_the_deployment_has_failed_and_the_old_release_is_wanted(harbour: Harbour) -> None:
    done, asked = two_hosts(harbour)
    harbour.succeed(job(harbour, asked))
    harbour.fail(job(harbour, asked), reverted=True)
    harbour.fail(job(harbour, asked))
    assert state_of(asked) == "failed"
    assert {row.release_id for row in harbour.replicas()} == {done.release_id}


def test_one_host_that_took_itself_back_is_rolled_back(harbour: Harbour) -> None:
    done = harbour.deployed()
    before = [row.id for row in harbour.replicas()]
    asked = services.deploy(
        actor=harbour.cast.actor("owner"), service=harbour.service, environment=harbour.cast.dev, build=harbour.built()
    )
    harbour.fail(job(harbour, asked), reverted=True)
    assert state_of(asked) == "rolled_back"
    assert [row.id for row in harbour.replicas()] == before
    assert DesiredState.objects.get().release_id == done.release_id


def test_a_first_deployment_that_fails_leaves_nothing_wanted(harbour: Harbour) -> None:
    asked = services.deploy(
        actor=harbour.cast.actor("owner"), service=harbour.service, environment=harbour.cast.dev, build=harbour.built()
    )
    harbour.fail(job(harbour, asked))
    assert state_of(asked) == "failed" and harbour.replicas() == []
    again = harbour.deployed()
    assert again.state == "succeeded" and again.previous_id is None
    assert DesiredState.objects.get().generation > 1


def test_a_failed_change_of_the_count_is_taken_back(harbour: Harbour) -> None:
    harbour.deployed()
    asked = services.scale(
        actor=harbour.cast.actor("owner"), service=harbour.service, environment=harbour.cast.dev, replicas=5
    )
    harbour.fail(job(harbour, asked))
    assert state_of(asked) == "failed"
    assert [row.index for row in harbour.replicas()] == [1, 2] and DesiredState.objects.get().replicas == 2


def test_cancelled_before_a_host_took_it_nothing_has_happened(harbour: Harbour) -> None:
    harbour.deployed()
    before = [row.id for row in harbour.replicas()]
    asked = services.deploy(
        actor=harbour.cast.actor("owner"), service=harbour.service, environment=harbour.cast.dev, build=harbour.built()
    )
    cancelled = services.cancel(actor=harbour.cast.actor("developer"), deployment=asked)
    assert cancelled.state == "cancelled" and [row.id for row in harbour.replicas()] == before
    assert services.cancel(actor=harbour.cast.actor("developer"), deployment=asked).state == "cancelled"
    assert harbour.next_job(asked) is None


def test_cancelled_while_it_rolls_the_host_stops_and_the_rest_is_brought_back(harbour: Harbour) -> None:
    done, asked = two_hosts(harbour)
    harbour.succeed(job(harbour, asked))
    running = harbour.claim(job(harbour, asked))
    cancelled = services.cancel(actor=harbour.cast.actor("developer"), deployment=asked)
    assert cancelled.state == "rolling" and Job.objects.get(id=running.id).cancel_requested_at is not None
    harbour.finish(running, Finish(state="cancelled", last_line=0))
    harbour.succeed(job(harbour, asked))
    assert state_of(asked) == "cancelled"
    assert {row.release_id for row in harbour.replicas()} == {done.release_id}


def test_words_said_twice_or_too_late_change_nothing(harbour: Harbour) -> None:
    _, asked = two_hosts(harbour)
    first = job(harbour, asked)
    harbour.succeed(first)
    first.refresh_from_db()
    follow.job_changed(first)
    follow.job_changed(first)
    assert DeploymentJob.objects.filter(deployment=asked).count() == 2
    harbour.succeed(job(harbour, asked))
    first.state = "failed"
    follow.job_changed(first)
    assert state_of(asked) == "succeeded"


def test_a_lost_job_leaves_the_deployment_rolling(harbour: Harbour) -> None:
    asked = services.deploy(
        actor=harbour.cast.actor("owner"), service=harbour.service, environment=harbour.cast.dev, build=harbour.built()
    )
    claimed = harbour.claim(job(harbour, asked))
    for state in ("lost", "queued"):
        claimed.state = state
        follow.job_changed(claimed)
    assert state_of(asked) == "rolling"


def test_moving_hosts_the_new_one_is_filled_before_the_old_one_is_emptied(harbour: Harbour) -> None:
    harbour.deployed()
    other = harbour.host("a-new-one")
    harbour.cast.dev.hosts.set([other])
    asked = services.deploy(
        actor=harbour.cast.actor("owner"),
        service=harbour.service,
        environment=harbour.cast.dev,
        build=harbour.built(host=other),
    )
    assert [(step["name"], len(step["replicas"])) for step in asked.plan["steps"]] == [("a-new-one", 2), ("local", 0)]
    assert harbour.carry_out(asked).state == "succeeded"
    assert {row.host_id for row in Replica.objects.exclude(container="")} == {other.id}


def job(harbour: Harbour, deployment: Deployment) -> Job:
    found = harbour.next_job(deployment)
    assert found is not None
    return found
