"""The board: what runs where, what waits, and what this person may do next."""

import pytest
from django.urls import reverse

from tests.cast import ROLES, Cast
from tests.deployments.rig import Harbour
from tests.pages.reading import SCRIPT, get, post
from webapp.deployments import services
from webapp.deployments.models import Deployment
from webapp.images.models import Image
from webapp.jobs.models import Job
from webapp.teams.services import create_project

pytestmark = pytest.mark.thorough


def board(cast: Cast, who: str) -> str:
    return get(cast.client(who), reverse("board", args=[cast.project.id]))


@pytest.mark.parametrize("who", ROLES)
def test_an_empty_project_says_the_next_step_to_those_who_may_take_it(cast: Cast, who: str) -> None:
    html = board(cast, who)
    assert "Nothing runs here yet" in html
    assert (reverse("image_new", args=[cast.project.id]) in html) == (who != "viewer")
    assert (reverse("service_new", args=[cast.project.id]) in html) == (who != "viewer")


def test_what_runs_is_shown_with_its_build_and_its_copies(harbour: Harbour) -> None:
    deployment = harbour.deployed()
    html = board(harbour.cast, "viewer")
    assert "2 of 2 healthy" in html and "build 1" in html
    for replica in harbour.replicas():
        assert reverse("replica", args=[replica.id]) in html
    assert reverse("service_deploy", args=[harbour.service.id]) not in html
    assert reverse("deployment_promote", args=[deployment.id]) not in html


def test_the_next_act_is_a_button_and_does_it(harbour: Harbour) -> None:
    cast, build = harbour.cast, harbour.built()
    html = board(cast, "developer")
    assert "Deploy build 1 to dev" in html
    fields = {"environment": cast.dev.id, "build": build.id}
    answer = cast.client("developer").post(reverse("service_deploy", args=[harbour.service.id]), fields)
    deployment = Deployment.objects.get()
    assert answer["Location"] == reverse("deployment", args=[deployment.id])
    assert "rolling" in board(cast, "viewer") and "Deploy build 1 to dev" not in board(cast, "developer")
    harbour.carry_out(deployment)
    promote = reverse("deployment_promote", args=[deployment.id])
    assert "Promote build 1 to staging" in board(cast, "developer")
    assert post(cast.client("developer"), promote) == 302
    assert Deployment.objects.filter(environment=cast.staging, kind="promotion").count() == 1


def test_what_waits_is_shown_to_those_who_may_approve_it(harbour: Harbour) -> None:
    cast = harbour.cast
    waiting = services.deploy(
        actor=cast.actor("operator"), service=harbour.service, environment=cast.production, build=harbour.built()
    )
    for who in ROLES:
        assert ("Look and approve" in board(cast, who)) == (who == "owner"), who
        assert (waiting.plan["sentence"] in board(cast, who)) == (who == "owner"), who


def test_what_broke_says_why(harbour: Harbour) -> None:
    deployment = services.deploy(
        actor=harbour.cast.actor("owner"), service=harbour.service, environment=harbour.cast.dev, build=harbour.built()
    )
    harbour.fail(Job.objects.get(deployment_job__deployment=deployment))
    html = board(harbour.cast, "viewer")
    assert "It did not become healthy." in html and reverse("deployment", args=[deployment.id]) in html


def test_a_host_that_is_not_heard_makes_its_copies_unknown(harbour: Harbour) -> None:
    harbour.deployed()
    harbour.cast.host.engine_answers = False
    harbour.cast.host.save()
    assert "state-warn" in board(harbour.cast, "viewer") and "unknown" in board(harbour.cast, "viewer")


def test_names_are_text(harbour: Harbour) -> None:
    cast = harbour.cast
    deployment = harbour.deployed()
    Image.objects.update(slug=SCRIPT)
    Deployment.objects.filter(id=deployment.id).update(
        state="failed", requested_as=SCRIPT, plan={"sentence": SCRIPT, "steps": []}, problem={"message": SCRIPT}
    )
    html = board(cast, "owner")
    assert SCRIPT not in html and html.count("&lt;script&gt;alert(1)") >= 4


def test_another_project_of_the_same_team_is_another_board(harbour: Harbour) -> None:
    cast = harbour.cast
    other = create_project(actor=cast.actor("owner"), team=cast.team, slug="other", name="Other")
    html = get(cast.client("owner"), reverse("board", args=[other.id]))
    assert reverse("service", args=[harbour.service.id]) not in html
