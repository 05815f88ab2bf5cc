"""The first sentence of a deployment that is over: what runs now, and why."""

import pytest
from django.utils.timezone import now

from webapp.deployments.models import Deployment, DesiredState, Release, Service
from webapp.deployments.outcome import outcome
from webapp.environments.models import Environment
from webapp.images.models import Build

FRONT, DEV = Service(slug="front"), Environment(slug="dev")
FIRST, SECOND, THIRD = (Release(id=f"r{n}", number=n, build=Build(number=n * 10)) for n in (1, 2, 3))


def said(
    state: str, runs: Release | None, *, kind: str = "deploy", previous: Release | None = FIRST, started: bool = True
) -> str:
    deployment = Deployment(
        service=FRONT,
        environment=DEV,
        kind=kind,
        state=state,
        release=SECOND,
        previous=previous,
        requested_as="mate",
        started_at=now() if started else None,
    )
    desired = DesiredState(release=runs, replicas=1) if runs is not None else None
    return outcome(deployment, desired=desired, ended=state != "rolling")


@pytest.mark.parametrize(
    ("state", "runs", "sentence"),
    [
        ("rolling", FIRST, ""),
        ("succeeded", SECOND, ""),
        ("succeeded", THIRD, "Build 30 (release 3) runs in dev now: another deployment came after this one."),
        (
            "rolled_back",
            FIRST,
            "Build 10 (release 1) runs in dev now: build 20 did not hold, and what ran before was brought back.",
        ),
        (
            "rolled_back",
            THIRD,
            "Build 30 (release 3) runs in dev now: build 20 did not hold, and what ran before was brought back; "
            "another deployment came after it.",
        ),
        (
            "failed",
            FIRST,
            "Build 10 (release 1) is what should run in dev now: this deployment failed, and its hosts have not said "
            "that the former containers serve again: see the replicas.",
        ),
        (
            "cancelled",
            FIRST,
            "Build 10 (release 1) runs in dev now: this deployment was taken back, and what ran before "
            "is wanted again.",
        ),
        ("superseded", THIRD, "Build 30 (release 3) runs in dev now: another deployment took the place of this one."),
    ],
)
def test_it_says_what_runs_and_why(state: str, runs: Release, sentence: str) -> None:
    assert said(state, runs) == sentence


def test_going_back_names_who_and_from_what() -> None:
    found = said("succeeded", SECOND, kind="rollback", previous=THIRD)
    assert found == "Build 20 (release 2) runs in dev now: mate rolled back to it from build 30."


def test_a_first_one_that_failed_leaves_nothing() -> None:
    assert said("failed", None, previous=None) == "Nothing of front runs in dev now: this deployment failed."


def test_what_was_withdrawn_changed_nothing() -> None:
    found = said("cancelled", FIRST, started=False)
    assert found == "Build 10 (release 1) runs in dev now: this deployment was taken back before anything changed."


def test_what_is_stopped_does_not_run() -> None:
    deployment = Deployment(service=FRONT, environment=DEV, kind="rollback", state="succeeded", release=SECOND)
    stopped = DesiredState(release=SECOND, replicas=1, stopped=True)
    assert outcome(deployment, desired=stopped, ended=True).startswith("Build 20 (release 2) is stopped in dev now")
