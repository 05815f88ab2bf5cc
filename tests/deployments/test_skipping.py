"""The way from environment to environment: what runs goes on, what skipped one stays out, what was here may return."""

from typing import Any

import pytest

from tests.cast import Cast
from tests.deployments.rig import Harbour
from webapp.deployments import services
from webapp.deployments.models import Deployment, Release
from webapp.environments.models import Environment
from webapp.environments.services import change_environment, create_environment
from webapp.images.models import Build
from webapp.problems import Conflicting, Unplannable

pytestmark = pytest.mark.thorough


@pytest.fixture
def strict(harbour: Harbour) -> Harbour:
    """Staging takes only what dev has run."""
    change_environment(actor=harbour.cast.actor("owner"), environment=harbour.cast.staging, allow_skipping=False)
    harbour.cast.staging.refresh_from_db()
    return harbour


def to_staging(harbour: Harbour, build: Build, **more: Any) -> Deployment:
    cast = harbour.cast
    return services.deploy(
        actor=cast.actor("owner"), service=harbour.service, environment=cast.staging, build=build, **more
    )


def test_what_skipped_an_environment_is_kept_out_with_the_reason(strict: Harbour) -> None:
    with pytest.raises(Unplannable) as refused:
        to_staging(strict, strict.built())
    assert refused.value.code == "environment.skipped" and "has not succeeded in dev" in refused.value.reasons[0]
    assert not Deployment.objects.exists()


def test_what_succeeded_in_the_one_before_comes_in_also_by_another_build_of_the_same_bytes(strict: Harbour) -> None:
    build = strict.deployed().release.build
    assert to_staging(strict, strict.built(same_as=build)).state == "queued"


def test_what_failed_there_does_not(strict: Harbour) -> None:
    failed = services.deploy(
        actor=strict.cast.actor("owner"), service=strict.service, environment=strict.cast.dev, build=strict.built()
    )
    job = strict.next_job(failed)
    assert job is not None
    strict.fail(job)
    with pytest.raises(Unplannable):
        to_staging(strict, failed.release.build)


def test_the_first_environment_takes_any(strict: Harbour) -> None:
    change_environment(actor=strict.cast.actor("owner"), environment=strict.cast.dev, allow_skipping=False)
    assert strict.deployed(Environment.objects.get(id=strict.cast.dev.id)).state == "succeeded"


def test_what_succeeded_here_once_may_return(harbour: Harbour) -> None:
    first, second = harbour.deployed(harbour.cast.staging), harbour.deployed(harbour.cast.staging)
    change_environment(actor=harbour.cast.actor("owner"), environment=harbour.cast.staging, allow_skipping=False)
    back = services.roll_back(actor=harbour.cast.actor("owner"), deployment=second)
    assert back.state == "queued" and back.release_id == first.release_id


def test_how_what_runs_is_run_is_no_new_build(harbour: Harbour) -> None:
    harbour.deployed(harbour.cast.staging)
    Environment.objects.update(allow_skipping=False)
    cast = harbour.cast
    scaled = services.scale(actor=cast.actor("owner"), service=harbour.service, environment=cast.staging, replicas=3)
    assert scaled.state == "queued"


def test_it_is_looked_at_again_when_it_starts(harbour: Harbour) -> None:
    cast = harbour.cast
    asked = services.deploy(
        actor=cast.actor("developer"), service=harbour.service, environment=cast.production, build=harbour.built()
    )
    change_environment(actor=cast.actor("owner"), environment=cast.production, allow_skipping=False)
    ended = services.approve(actor=cast.actor("operator"), deployment=asked, plan_hash=asked.plan_hash)
    assert ended.state == "failed" and ended.problem is not None and ended.problem["code"] == "environment.skipped"


def test_unless_it_is_said_what_is_protected_lets_nothing_skip(cast: Cast) -> None:
    owner = cast.actor("owner")
    made = create_environment(actor=owner, project=cast.project, slug="live", rank=8, protected=True)
    assert not made.allow_skipping
    assert create_environment(actor=owner, project=cast.project, slug="lab", rank=9).allow_skipping
    assert not change_environment(actor=owner, environment=cast.staging, protected=True).allow_skipping
    assert change_environment(actor=owner, environment=cast.dev, protected=True, allow_skipping=True).allow_skipping


def test_a_promotion_takes_the_settings_that_run_and_the_targets_own(harbour: Harbour) -> None:
    cast, developer = harbour.cast, harbour.cast.actor("developer")
    services.change_service(
        actor=developer,
        service=harbour.service,
        settings={"replicas": 2, "command": ["serve"], "variables": {"A": "old"}},
        overrides={"dev": {"replicas": 1}, "staging": {"stop_timeout": 7}},
    )
    done = harbour.deployed()
    services.change_service(
        actor=developer, service=harbour.service, settings={"command": ["other"], "variables": {"A": "new"}}
    )
    change_environment(actor=developer, environment=cast.staging, variables={"PLACE": "staging"})
    goes = services.promote(actor=cast.actor("owner"), deployment=done)
    settings = goes.release.settings
    assert (settings["command"], settings["replicas"], settings["stop_timeout"]) == (["serve"], 2, 7)
    assert goes.release.variables == {"A": "old", "PLACE": "staging"}
    assert goes.release.digest == done.release.digest


def test_what_does_not_run_any_more_is_not_promoted(harbour: Harbour) -> None:
    older = harbour.deployed()
    harbour.deployed()
    with pytest.raises(Conflicting) as refused:
        services.promote(actor=harbour.cast.actor("owner"), deployment=older)
    assert refused.value.code == "deployment.not_running"


def test_a_release_frozen_before_settings_went_on_takes_those_of_now(harbour: Harbour) -> None:
    done = harbour.deployed()
    Release.objects.update(base=None)
    services.change_service(
        actor=harbour.cast.actor("developer"), service=harbour.service, settings={"command": ["now"]}
    )
    goes = services.promote(actor=harbour.cast.actor("owner"), deployment=Deployment.objects.get(id=done.id))
    assert goes.release.settings["command"] == ["now"]
