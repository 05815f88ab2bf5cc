"""The next act on the board follows what proved itself, and what differs on purpose or is mended is no alarm."""

import pytest

from tests.deployments.rig import Harbour, facts
from webapp.deployments import services
from webapp.deployments.board.acts import Act
from webapp.deployments.board.cells import Cell
from webapp.deployments.board.reading import Board, board
from webapp.deployments.models import Deployment
from webapp.deployments.rollout import observe
from webapp.environments.models import Environment
from webapp.images.models import Build
from webapp.jobs.models import Job
from webapp.teams.models import Project

pytestmark = pytest.mark.thorough


def seen(harbour: Harbour, who: str = "developer") -> Board:
    project = Project.objects.select_related("team").get(id=harbour.cast.project.id)
    return board(project=project, actor=harbour.cast.actor(who))


def cell(harbour: Harbour, environment: Environment, who: str = "developer") -> Cell:
    (row,) = seen(harbour, who).rows
    return next(one for one in row.cells if one.environment_id == environment.id)


def act(found: Cell, kind: str) -> Act:
    return next(one for one in found.acts if one.kind == kind)


def failed(harbour: Harbour, environment: Environment, build: Build) -> None:
    deployment = services.deploy(
        actor=harbour.cast.actor("owner"), service=harbour.service, environment=environment, build=build
    )
    harbour.fail(Job.objects.get(deployment_job__deployment=deployment), reverted=True)
    while job := harbour.next_job(deployment):
        harbour.succeed(job)
    assert Deployment.objects.get(id=deployment.id).state in ("failed", "rolled_back")


def test_a_new_build_goes_to_the_first_environment(harbour: Harbour) -> None:
    harbour.built()
    main = cell(harbour, harbour.cast.dev).main
    assert main is not None and (main.label, main.question) == ("Deploy build 1 to dev", "")


def test_going_past_an_environment_stands_in_the_menu_and_asks(harbour: Harbour) -> None:
    harbour.built()
    staging = cell(harbour, harbour.cast.staging)
    assert staging.main is None
    assert act(staging, "deploy").question == "Build 1 has not come up in dev: this goes past it."


def test_a_build_that_did_not_come_up_is_no_next_act_anywhere(harbour: Harbour) -> None:
    cast = harbour.cast
    harbour.deployed()
    failed(harbour, cast.dev, harbour.built())
    dev = cell(harbour, cast.dev)
    assert dev.main is not None and dev.main.label == "Promote build 1 to staging"
    assert act(dev, "deploy").question == "Build 2 did not come up in dev before."
    assert cell(harbour, cast.staging).main is None


def test_what_came_up_after_all_is_offered_as_any_other(harbour: Harbour) -> None:
    build = harbour.built()
    failed(harbour, harbour.cast.dev, build)
    harbour.deployed(build=build)
    main = cell(harbour, harbour.cast.dev).main
    assert main is not None and (main.kind, main.question) == ("promote", "")


def test_what_is_not_healthy_now_is_not_promoted_unasked(harbour: Harbour) -> None:
    harbour.deployed()
    first = harbour.replicas()[0]
    observe.changed(host=harbour.cast.host, facts=facts(first, "unhealthy"), now=first.created_at)
    dev = cell(harbour, harbour.cast.dev)
    assert dev.state == "degraded" and act(dev, "promote").question == "dev is not healthy now."
    assert dev.main is not None and dev.main.kind == "restart"


def test_what_did_not_come_up_further_on_is_not_promoted_again_unasked(harbour: Harbour) -> None:
    done = harbour.deployed()
    failed(harbour, harbour.cast.staging, done.release.build)
    found = act(cell(harbour, harbour.cast.dev), "promote")
    assert found.quiet and found.question == "Build 1 did not come up in staging before."


@pytest.mark.parametrize(("who", "offered"), [("operator", True), ("developer", False)])
def test_an_environment_without_a_host_asks_for_one_first(harbour: Harbour, who: str, offered: bool) -> None:
    harbour.built()
    harbour.cast.dev.hosts.clear()
    found = cell(harbour, harbour.cast.dev, who)
    assert [one.kind for one in found.acts] == (["give_host"] if offered else [])
    if offered:
        assert (found.acts[0].label, found.acts[0].subject) == ("No host: give it one", harbour.cast.dev.id)


def test_what_an_environment_has_of_its_own_differs_quietly(harbour: Harbour) -> None:
    cast = harbour.cast
    Environment.objects.filter(id=cast.staging.id).update(variables={"LEVEL": "warn"})
    done = harbour.deployed()
    cast.staging.refresh_from_db()
    harbour.deployed(cast.staging, done.release.build)
    found = cell(harbour, cast.staging).difference
    assert found is not None and (found.build, found.words) == (False, "settings of its own")
    assert found.own == ("LEVEL",) and not found.variables


def test_another_build_and_other_settings_are_told_apart(harbour: Harbour) -> None:
    cast = harbour.cast
    done = harbour.deployed()
    services.change_service(actor=cast.actor("owner"), service=harbour.service, settings={"replicas": 1})
    harbour.service.refresh_from_db()
    harbour.deployed(cast.staging, done.release.build)
    found = cell(harbour, cast.staging).difference
    assert found is not None and (found.build, found.words) == (False, "other settings than the left")
    harbour.deployed(cast.staging)
    found = cell(harbour, cast.staging).difference
    assert found is not None and (found.build, found.words) == (True, "another build than the left")


def test_what_was_mended_since_is_not_broken_any_more(harbour: Harbour) -> None:
    failed(harbour, harbour.cast.dev, harbour.built())
    assert [notice.kind for notice in seen(harbour).broken] == ["deployment"]
    harbour.deployed()
    assert seen(harbour).broken == ()


def test_a_build_that_failed_is_mended_by_a_later_one(harbour: Harbour) -> None:
    broken = harbour.built()
    Build.objects.filter(id=broken.id).update(state="failed")
    assert [notice.id for notice in seen(harbour).broken] == [broken.id]
    harbour.built()
    assert seen(harbour).broken == ()
