"""An emergency goes past the gates but not past the rights, is loud, and owes a review until somebody else gives it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from tests.cast import Cast
from tests.deployments.rig import Harbour
from webapp.audit.models import Entry
from webapp.deployments import services
from webapp.deployments.models import Deployment
from webapp.environments.services import change_environment
from webapp.problems import Conflicting, Forbidden, Invalid
from webapp.teams.policy import Actor, actor_for_token
from webapp.teams.services import create_token

REASON = "Payments fail for everybody since the last release."

pytestmark = pytest.mark.thorough


def rush(harbour: Harbour, actor: Actor, **more: Any) -> Deployment:
    given: dict[str, Any] = {"emergency": REASON, "build": harbour.built(), "environment": harbour.cast.production}
    return services.deploy(actor=actor, service=harbour.service, **{**given, **more})


def shut(cast: Cast) -> None:
    """Production is frozen, and takes nothing that skipped an environment."""
    freeze = {
        "from": (now() - timedelta(hours=1)).isoformat(),
        "until": (now() + timedelta(days=1)).isoformat(),
        "reason": "the fair",
    }
    change_environment(actor=cast.actor("owner"), environment=cast.production, allow_skipping=False, freezes=[freeze])


def test_it_goes_past_every_gate_at_once_and_the_trail_says_past_which(harbour: Harbour) -> None:
    shut(harbour.cast)
    made = rush(harbour, harbour.cast.actor("operator"))
    assert made.state == "queued" and made.review_owed and made.required_approvals == 0
    assert len(made.bypassed) == 3 and harbour.carry_out(made).state == "succeeded"
    entry = Entry.objects.get(action="deployment.emergency", target_id=made.id)
    assert entry.reason == REASON and entry.after is not None and entry.after["went_past"] == made.bypassed
    assert not Entry.objects.filter(action="deployment.deploy").exists()


@pytest.mark.parametrize("name", ["developer", "viewer", "stranger", "admin"])
def test_without_the_right_there_is_none(harbour: Harbour, name: str) -> None:
    with pytest.raises(Forbidden):
        rush(harbour, harbour.cast.actor(name))
    assert not Deployment.objects.exists()


def test_it_is_a_persons_with_a_token_that_may_all_they_may(harbour: Harbour) -> None:
    cast = harbour.cast
    only_deploys, _ = cast.token("operator", "deploy")
    teams, _ = create_token(actor=cast.actor("owner"), name="ci", scopes=["admin"], team=cast.team, role="operator")
    for token in (only_deploys, teams):
        with pytest.raises(Forbidden):
            rush(harbour, actor_for_token(token))
    all_of_it, _ = cast.token("operator")
    assert rush(harbour, actor_for_token(all_of_it)).emergency == REASON


@pytest.mark.parametrize("reason", ["fix", " " * 40 + "fix", "x" * 501, "payments fail \x00 for everybody"])
def test_the_reason_is_one(harbour: Harbour, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        rush(harbour, harbour.cast.actor("operator"), emergency=reason)
    assert list(refused.value.errors) == ["emergency"]


def test_where_nothing_stands_in_the_way_there_is_none(harbour: Harbour) -> None:
    with pytest.raises(Conflicting) as refused:
        rush(harbour, harbour.cast.actor("operator"), environment=harbour.cast.dev)
    assert refused.value.code == "emergency.needless"


def test_it_does_not_go_past_what_is_under_way(harbour: Harbour) -> None:
    operator = harbour.cast.actor("operator")
    rush(harbour, operator)
    with pytest.raises(Conflicting) as refused:
        rush(harbour, operator)
    assert refused.value.code == "deployment.under_way"


def test_what_waits_is_carried_out_in_a_hurry_and_its_place_is_taken(harbour: Harbour) -> None:
    cast = harbour.cast
    waiting = services.deploy(
        actor=cast.actor("developer"), service=harbour.service, environment=cast.production, build=harbour.built()
    )
    with pytest.raises(Invalid):
        services.hurry(actor=cast.actor("operator"), deployment=waiting, emergency="")
    with pytest.raises(Forbidden):
        services.hurry(actor=cast.actor("developer"), deployment=waiting, emergency=REASON)
    made = services.hurry(actor=cast.actor("operator"), deployment=waiting, emergency=REASON)
    waiting.refresh_from_db()
    assert (made.state, waiting.state) == ("queued", "superseded") and made.release_id == waiting.release_id
    with pytest.raises(Conflicting):
        services.hurry(actor=cast.actor("operator"), deployment=waiting, emergency=REASON)


def test_the_review_is_another_persons_and_given_once(harbour: Harbour) -> None:
    cast = harbour.cast
    made = rush(harbour, cast.actor("operator"))
    for name in ("operator", "developer", "viewer", "stranger", "admin"):
        with pytest.raises(Forbidden):
            services.review(actor=cast.actor(name), deployment=made, comment="Looked at it.")
    own, _ = cast.token("operator")
    with pytest.raises(Forbidden):
        services.review(actor=actor_for_token(own), deployment=made, comment="Looked at it.")
    with pytest.raises(Invalid):
        services.review(actor=cast.actor("owner"), deployment=made, comment="  ")
    harbour.carry_out(made)
    seen = services.review(actor=cast.actor("owner"), deployment=made, comment="Looked at it.")
    assert not seen.review_owed and seen.review == "Looked at it."
    again = services.review(actor=cast.actor("owner"), deployment=made, comment="Otherwise.")
    assert again.review == "Looked at it."
    assert Entry.objects.filter(action="deployment.review", target_id=made.id).count() == 1


def test_it_is_owed_whatever_became_of_it(harbour: Harbour) -> None:
    cast = harbour.cast
    made = rush(harbour, cast.actor("operator"))
    job = harbour.next_job(made)
    assert job is not None
    harbour.fail(job)
    made.refresh_from_db()
    assert made.state == "failed" and made.review_owed
    assert not services.review(actor=cast.actor("owner"), deployment=made, comment="It did not help.").review_owed


def test_what_was_no_emergency_owes_none(harbour: Harbour) -> None:
    made = harbour.deployed()
    with pytest.raises(Conflicting) as refused:
        services.review(actor=harbour.cast.actor("operator"), deployment=made, comment="Looked at it.")
    assert refused.value.code == "deployment.no_emergency"


def test_the_api_lists_what_is_owed(harbour: Harbour) -> None:
    made = rush(harbour, harbour.cast.actor("operator"))
    client = harbour.cast.client("owner")
    listed = client.get("/api/v1/deployments/?review_owed=true").json()["results"]
    assert [row["id"] for row in listed] == [made.id] and listed[0]["emergency"] == REASON
    done = client.post(
        f"/api/v1/deployments/{made.id}/review/", {"comment": "Looked at it."}, content_type="application/json"
    )
    assert done.status_code == 202 and done.json()["reviewed_by"] == "owner"
    assert client.get("/api/v1/deployments/?review_owed=true").json()["results"] == []
