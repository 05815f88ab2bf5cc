"""What an act would do is told before it is done, by the planner itself, and telling it changes nothing."""

from typing import Any

import pytest
from django.urls import reverse

from tests.cast import EVERYBODY
from tests.deployments.rig import Harbour
from webapp.deployments import services
from webapp.deployments.models import Deployment, Release
from webapp.environments.models import Environment

pytestmark = pytest.mark.thorough


def plan(harbour: Harbour, who: str = "developer", **query: Any) -> Any:
    return harbour.cast.client(who).get(reverse("service_plan", args=[harbour.service.id]), query)


def step(harbour: Harbour, deployment: Deployment, name: str, who: str = "developer") -> Any:
    return harbour.cast.client(who).get(reverse("deployment_plan", args=[deployment.id, name]))


def counts() -> tuple[int, int]:
    return Deployment.objects.count(), Release.objects.count()


def test_a_deployment_is_told_as_a_sentence_with_what_changes(harbour: Harbour) -> None:
    harbour.deployed()
    services.change_service(
        actor=harbour.cast.actor("owner"), service=harbour.service, settings={"variables": {"LEVEL": "warn"}}
    )
    build, before = harbour.built(), counts()
    answer = plan(harbour, environment=harbour.cast.dev.id, build=build.id)
    html = answer.content.decode()
    assert answer.status_code == 200 and "data-refused" not in html
    assert "Deploy build 2 of front to dev on local" in html and "in the place of build 1" in html
    assert f"build 2, {build.digest.removeprefix('sha256:')[:12]}" in html
    assert "variable <code>LEVEL</code>" in html and counts() == before


def test_the_first_deployment_says_that_nothing_ran(harbour: Harbour) -> None:
    answer = plan(harbour, environment=harbour.cast.dev.id, build=harbour.built().id)
    assert "Nothing of it ran there before." in answer.content.decode()


def test_approvals_that_it_needs_are_told(harbour: Harbour) -> None:
    answer = plan(harbour, environment=harbour.cast.production.id, build=harbour.built().id)
    assert "It waits for 1 approval of other people" in answer.content.decode()


def test_what_cannot_be_planned_says_why_and_offers_nothing(harbour: Harbour) -> None:
    harbour.cast.dev.hosts.clear()
    answer = plan(harbour, environment=harbour.cast.dev.id, build=harbour.built().id)
    html = answer.content.decode()
    assert answer.status_code == 422 and "data-refused" in html and "Environment dev has no host: give it one." in html


def test_what_is_under_way_is_named(harbour: Harbour) -> None:
    build = harbour.built()
    first = services.deploy(
        actor=harbour.cast.actor("owner"), service=harbour.service, environment=harbour.cast.dev, build=build
    )
    answer = plan(harbour, environment=harbour.cast.dev.id, build=build.id)
    html = answer.content.decode()
    assert reverse("deployment", args=[first.id]) in html and "stands in line until that has ended" in html


def test_promoting_and_going_back_are_told_too(harbour: Harbour) -> None:
    harbour.deployed()
    second = harbour.deployed()
    before = counts()
    assert "Promote build 2 of front to staging" in step(harbour, second, "promotion").content.decode()
    back = step(harbour, second, "rollback").content.decode()
    assert "Roll back front to build 1 in dev" in back and counts() == before


def test_an_earlier_release_is_told_with_what_it_froze(harbour: Harbour) -> None:
    first = harbour.deployed()
    harbour.deployed()
    answer = plan(harbour, environment=harbour.cast.dev.id, release=first.release_id)
    assert "Deploy build 1 of front to dev" in answer.content.decode()


@pytest.mark.parametrize("who", EVERYBODY)
def test_it_is_told_to_those_who_may_ask_for_it(harbour: Harbour, who: str) -> None:
    status = {"viewer": 403, "stranger": 404, "admin": 404}.get(who, 200)
    done = harbour.deployed()
    query = {"environment": harbour.cast.dev.id, "build": harbour.built().id}
    assert plan(harbour, who, **query).status_code == status
    assert step(harbour, done, "promotion", who).status_code == status


@pytest.mark.parametrize("missing", ["environment", "build", "release"])
def test_what_is_not_of_the_project_is_not_there(harbour: Harbour, missing: str) -> None:
    query = {"environment": harbour.cast.dev.id, "build": harbour.built().id}
    foreign = Environment.objects.get(id=harbour.cast.foreign_environment.id).id
    assert plan(harbour, **{**query, missing: foreign}).status_code == 404
