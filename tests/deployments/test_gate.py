"""The gate: every verb, role and kind of environment, and no path round approvals."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils.timezone import now

from tests.cast import EVERYBODY
from tests.deployments.rig import Harbour
from webapp.deployments import services
from webapp.deployments.models import Deployment, Replica
from webapp.environments.models import Environment
from webapp.hosts.models import Host
from webapp.jobs.models import Job
from webapp.problems import Forbidden
from webapp.teams.policy import Actor

pytestmark = pytest.mark.thorough

Ask = Callable[[Harbour, Actor, Environment], Deployment]


def _last(harbour: Harbour, environment: Environment) -> Deployment:
    done = Deployment.objects.filter(service=harbour.service, environment=environment, state="succeeded")
    last: Deployment = done.select_related("service__project__team", "environment", "previous").latest("created_at")
    return last


def _at(harbour: Harbour, actor: Actor, environment: Environment) -> dict[str, Any]:
    return {"actor": actor, "service": harbour.service, "environment": environment}


VERBS: dict[str, Ask] = {
    "deploy": lambda h, a, e: services.deploy(**_at(h, a, e), build=_last(h, e).release.build),
    "digest": lambda h, a, e: services.deploy(**_at(h, a, e), digest=_last(h, e).release.digest),
    "release": lambda h, a, e: services.deploy(**_at(h, a, e), release=_last(h, e).release),
    "promote": lambda h, a, e: services.promote(actor=a, deployment=_left_of(h, e)),
    "roll back": lambda h, a, e: services.roll_back(actor=a, deployment=_last(h, e)),
    "scale": lambda h, a, e: services.scale(**_at(h, a, e), replicas=3),
    "restart": lambda h, a, e: services.restart(**_at(h, a, e)),
    "stop": lambda h, a, e: services.stop(**_at(h, a, e)),
    "start": lambda h, a, e: services.start(**_at(h, a, e)),
    "restart one": lambda h, a, e: services.restart(**_at(h, a, e), replica=h.replicas(e)[0]),
    "stop one": lambda h, a, e: services.stop(**_at(h, a, e), replica=h.replicas(e)[0]),
    "start one": lambda h, a, e: services.start(**_at(h, a, e), replica=h.replicas(e)[0]),
}
STARTS = {
    "unprotected": {"owner": "queued", "operator": "queued", "developer": "queued"},
    "protected": {"owner": "queued", "operator": "queued"},
    "approved": {"owner": "awaiting_approval", "operator": "awaiting_approval", "developer": "awaiting_approval"},
}


def _left_of(harbour: Harbour, environment: Environment) -> Deployment:
    left = Environment.objects.filter(project=environment.project, rank__lt=environment.rank).latest("rank")
    return _last(harbour, left)


@pytest.fixture
def running(harbour: Harbour) -> Harbour:
    """Two releases have run in dev and in staging."""
    for environment in (harbour.cast.dev, harbour.cast.staging):
        harbour.deployed(environment)
        harbour.deployed(environment)
    return harbour


def _protect(environment: Environment, kind: str) -> Environment:
    environment.protected = kind != "unprotected"
    environment.required_approvals = 1 if kind == "approved" else 0
    environment.save()
    return environment


@pytest.mark.parametrize("kind", STARTS)
def test_every_verb_meets_the_gate_whoever_asks(running: Harbour, kind: str) -> None:
    staging = _protect(running.cast.staging, kind)
    actors = {name: running.cast.actor(name) for name in EVERYBODY}
    before = list(Replica.objects.wanted().order_by("id").values_list("id", "desired"))
    for verb, ask in VERBS.items():
        for name, actor in actors.items():
            Host.objects.update(last_heard_at=now())  # however long the test takes
            expected = STARTS[kind].get(name)
            if expected is None:
                with pytest.raises(Forbidden):
                    ask(running, actor, staging)
                continue
            deployment = ask(running, actor, staging)
            assert deployment.state == expected, f"{name}: {verb}"
            if expected == "awaiting_approval":
                assert not Job.objects.filter(deployment_job__deployment=deployment).exists()
            else:
                services.cancel(actor=actors["owner"], deployment=deployment)
            wanted = list(Replica.objects.wanted().order_by("id").values_list("id", "desired"))
            assert wanted == before, f"{name}: {verb}"


def test_a_token_that_may_only_deploy_does_not_approve(running: Harbour) -> None:
    staging = _protect(running.cast.staging, "approved")
    asked = VERBS["stop"](running, running.cast.actor("developer"), staging)
    client = running.cast.bearer("operator", "deploy")
    answer = client.post(
        f"/api/v1/deployments/{asked.id}/approvals/", {"plan_hash": asked.plan_hash}, content_type="application/json"
    )
    assert answer.status_code == 403
