"""A deployment does not wait for ever for a host that is silent."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from tests.cast import make_ready
from tests.deployments.rig import Harbour
from webapp.deployments import services
from webapp.deployments.models import Deployment, DesiredState
from webapp.deployments.rollout import patience, reconcile
from webapp.deployments.rollout.patience import PATIENCE_SECONDS
from webapp.hosts.models import Host

pytestmark = pytest.mark.thorough


@pytest.fixture
def asked(harbour: Harbour) -> tuple[Deployment, Deployment]:
    """The first release runs on two hosts, the second is done on the first of them."""
    other = harbour.host("other", harbour.cast.dev)
    builds = []
    for _ in range(2):
        builds.append(harbour.built())
        harbour.built(host=other, same_as=builds[-1])
    done = harbour.deployed(build=builds[0])
    wish = services.deploy(
        actor=harbour.cast.actor("owner"), service=harbour.service, environment=harbour.cast.dev, build=builds[1]
    )
    work(harbour, wish)
    return done, wish


def work(harbour: Harbour, deployment: Deployment) -> None:
    job = harbour.next_job(deployment)
    assert job is not None
    harbour.succeed(job)


def silence(name: str, seconds: float) -> None:
    Host.objects.filter(name=name).update(last_heard_at=now() - timedelta(seconds=seconds), connected=False)


def test_it_waits_for_a_while_and_then_turns_back(harbour: Harbour, asked: tuple[Deployment, Deployment]) -> None:
    done, wish = asked
    silence("other", PATIENCE_SECONDS - 5)
    assert patience.run_once(now()) == 0
    silence("other", PATIENCE_SECONDS + 5)
    assert [patience.run_once(now()), patience.run_once(now())] == [1, 0]
    work(harbour, wish)
    wish.refresh_from_db()
    assert wish.state == "rolled_back" and wish.problem is not None and wish.problem["code"] == "host.silent"
    assert DesiredState.objects.get().release_id == done.release_id
    assert {row.release_id for row in harbour.replicas()} == {done.release_id}


def test_on_the_way_back_it_does_not_wait_for_ever_either(
    harbour: Harbour, asked: tuple[Deployment, Deployment]
) -> None:
    done, wish = asked
    job = harbour.next_job(wish)
    assert job is not None
    harbour.fail(job, reverted=True)
    silence("local", PATIENCE_SECONDS + 5)
    assert patience.run_once(now()) == 1
    wish.refresh_from_db()
    assert wish.state == "failed"
    assert {row.release_id for row in harbour.replicas()} == {done.release_id}
    make_ready(Host.objects.get(name="local"))
    assert reconcile.run_once(now()) == 1, "when it is heard it is told what is wanted"
