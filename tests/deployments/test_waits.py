"""A cell of the board that waits says for what, and who may act."""

import pytest

from tests.deployments.rig import Harbour
from tests.deployments.test_next_act import cell, failed
from webapp.deployments import services
from webapp.deployments.board.waits import who_may
from webapp.deployments.models import Deployment
from webapp.environments.models import Environment
from webapp.teams.models import Membership
from webapp.teams.policy import Action

pytestmark = pytest.mark.thorough


def asked(harbour: Harbour, who: str = "operator") -> Deployment:
    """Production waits for an approval."""
    return services.deploy(
        actor=harbour.cast.actor(who),
        service=harbour.service,
        environment=harbour.cast.production,
        build=harbour.built(),
    )


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("viewer", "1 approval is missing, from an operator or owner other than operator."),
        ("developer", "1 approval is missing, from an operator or owner other than operator."),
        ("operator", "You asked for it: 1 approval is missing, from an operator or owner other than you."),
        ("owner", "1 approval is missing: yours, or another operator's or owner's."),
    ],
)
def test_an_approval_that_is_missing_says_whose(harbour: Harbour, who: str, said: str) -> None:
    asked(harbour)
    found = cell(harbour, harbour.cast.production, who)
    assert (found.state, found.waits) == ("waiting", said)
    assert (found.deployment_kind, found.deployment_build) == ("deploy", 1)


def test_where_nobody_else_may_approve_it_says_what_helps(harbour: Harbour) -> None:
    asked(harbour)
    Membership.objects.filter(team=harbour.cast.team, role="owner").update(role="developer")
    assert cell(harbour, harbour.cast.production, "operator").waits == (
        "You asked for it: 1 approval is missing, and nobody else here may give it. An owner makes somebody operator."
    )


def test_who_has_approved_waits_for_another(harbour: Harbour) -> None:
    waiting = asked(harbour)
    Deployment.objects.filter(id=waiting.id).update(required_approvals=2)
    services.approve(actor=harbour.cast.actor("owner"), deployment=waiting, plan_hash=waiting.plan_hash)
    said = cell(harbour, harbour.cast.production, "owner").waits
    assert said.startswith("You have approved: 1 approval is missing, and nobody else here may give it.")


@pytest.mark.parametrize("who", ["viewer", "developer"])
def test_an_environment_waits_for_the_one_before(harbour: Harbour, who: str) -> None:
    cast = harbour.cast
    assert cell(harbour, cast.dev, who).waits == "Waits for a build that succeeds."
    assert cell(harbour, cast.staging, who).waits == "Waits for dev, where nothing runs yet."
    harbour.deployed()
    ready = {"viewer": "a developer, operator or owner promotes it from dev.", "developer": "promote it from dev."}[who]
    assert cell(harbour, cast.staging, who).waits == f"Build 1 is ready: {ready}"
    assert cell(harbour, cast.production, who).waits == "Waits for staging, where nothing runs yet."
    assert cell(harbour, cast.dev, who).waits == "", "what runs waits for nothing"


def test_the_first_environment_says_who_may_deploy(harbour: Harbour) -> None:
    harbour.built()
    assert cell(harbour, harbour.cast.dev, "developer").waits == "", "the button says it"
    said = cell(harbour, harbour.cast.dev, "viewer").waits
    assert said == "Build 1 is ready: a developer, operator or owner deploys it."


def test_an_environment_without_a_host_waits_for_one(harbour: Harbour) -> None:
    harbour.cast.dev.hosts.clear()
    assert cell(harbour, harbour.cast.dev).waits == "Waits for a host: an operator or owner gives it one."


def test_what_failed_before_waits_for_nothing(harbour: Harbour) -> None:
    failed(harbour, harbour.cast.dev, harbour.built())
    assert cell(harbour, harbour.cast.dev).waits == ""


def test_a_protected_environment_without_approvals_is_for_those_who_may_deploy_there(harbour: Harbour) -> None:
    cast = harbour.cast
    Environment.objects.filter(id=cast.staging.id).update(protected=True, required_approvals=0)
    harbour.deployed()
    assert cell(harbour, cast.staging, "developer").waits.startswith("Build 1 is ready: an operator or owner promotes")


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (Action.SEE, "a viewer, developer, operator or owner"),
        (Action.APPROVE, "an operator or owner"),
        (Action.ADMINISTER, "an owner"),
    ],
)
def test_roles_are_said_as_somebody(action: Action, said: str) -> None:
    assert who_may(action) == said
