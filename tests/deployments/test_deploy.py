"""Deploying: what starts at once, what is frozen, what is refused."""

import pytest

from tests.deployments.rig import Harbour, digest
from webapp.audit.models import Entry
from webapp.deployments import services
from webapp.deployments.models import Deployment, DesiredState, Release, Replica
from webapp.environments.services import set_secret
from webapp.jobs.models import Job
from webapp.problems import Conflicting, Forbidden, Invalid, Missing, Unplannable

pytestmark = pytest.mark.thorough


def test_a_deployment_gives_the_first_host_its_order_with_the_rows_it_names(harbour: Harbour) -> None:
    build = harbour.built()
    deployment = services.deploy(
        actor=harbour.cast.actor("developer"), service=harbour.service, environment=harbour.cast.dev, build=build
    )
    job = harbour.next_job(deployment)
    assert deployment.state == "queued" and job is not None
    assert job.order["spec"]["image"] == build.config_digest
    assert [row["replica"] for row in job.order["replicas"]] == [row.id for row in harbour.replicas()]
    assert [row["index"] for row in job.order["replicas"]] == [1, 2]
    assert Entry.objects.filter(action="deployment.deploy", target_id=deployment.id).count() == 1


def test_what_the_host_did_is_what_the_rows_say(harbour: Harbour) -> None:
    deployment = harbour.deployed()
    assert deployment.state == "succeeded" and deployment.finished_at is not None
    assert [row.state for row in harbour.replicas()] == ["healthy", "healthy"]
    assert all(row.container for row in harbour.replicas())
    deployment.log.refresh_from_db()
    assert deployment.log.end_state == "succeeded"


def test_a_new_build_takes_the_place_of_the_old_one(harbour: Harbour) -> None:
    first = harbour.deployed()
    second = harbour.deployed()
    rows = Replica.objects.filter(release=first.release)
    assert {row.desired for row in rows} == {"gone"} and {row.container for row in rows} == {""}
    assert {row.release_id for row in harbour.replicas()} == {second.release_id}
    assert second.previous_id == first.release_id
    assert DesiredState.objects.get().generation == 2


def test_the_same_content_again_is_the_same_release_and_the_same_containers(harbour: Harbour) -> None:
    build = harbour.built()
    first = harbour.deployed(build=build)
    before = [row.id for row in harbour.replicas()]
    second = harbour.deployed(build=build)
    assert second.id != first.id and second.release_id == first.release_id
    assert [row.id for row in harbour.replicas()] == before


def test_a_release_freezes_settings_variables_and_secrets_by_version(harbour: Harbour) -> None:
    cast = harbour.cast
    cast.dev.variables = {"COLOUR": "blue", "TOKEN": "plain"}
    cast.dev.save()
    secret = set_secret(
        actor=cast.actor("owner"), project=cast.project, environment=cast.dev, name="TOKEN", value="s3cr3t"
    )
    services.change_service(
        actor=cast.actor("developer"),
        service=harbour.service,
        settings={"replicas": 1, "variables": {"COLOUR": "red"}},
        overrides={"dev": {"command": ["httpd", "-f"]}},
    )
    release = harbour.deployed().release
    services.change_service(actor=cast.actor("developer"), service=harbour.service, settings={"replicas": 3})
    release.refresh_from_db()
    assert release.variables == {"COLOUR": "red"}
    assert release.secrets == {"TOKEN": {"id": secret.id, "version": 1}}
    assert release.settings["command"] == ["httpd", "-f"] and release.settings["replicas"] == 1
    job = Job.objects.filter(kind="converge_service").latest("created_at")
    assert job.order["spec"]["secrets"] == {"TOKEN": "TOKEN"} and job.secrets == {"TOKEN": secret.id}
    assert "s3cr3t" not in str(job.order)


def test_a_digest_finds_its_build_and_a_release_brings_its_own_settings(harbour: Harbour) -> None:
    cast = harbour.cast
    first = harbour.deployed()
    harbour.deployed()
    services.change_service(actor=cast.actor("developer"), service=harbour.service, settings={"replicas": 1})
    again = services.deploy(
        actor=cast.actor("developer"), service=harbour.service, environment=cast.dev, release=first.release
    )
    assert again.release_id == first.release_id and again.plan["replicas"] == 2
    harbour.carry_out(again)
    by_digest = services.deploy(
        actor=cast.actor("developer"), service=harbour.service, environment=cast.staging, digest=digest(1)
    )
    assert by_digest.release.build.digest == digest(1)


def test_the_second_of_two_at_once_is_told_of_the_first(harbour: Harbour) -> None:
    build = harbour.built()
    actor = harbour.cast.actor("developer")
    first = services.deploy(actor=actor, service=harbour.service, environment=harbour.cast.dev, build=build)
    with pytest.raises(Conflicting) as refused:
        services.deploy(actor=actor, service=harbour.service, environment=harbour.cast.dev, build=build)
    assert refused.value.code == "deployment.under_way" and first.id in refused.value.detail
    assert Deployment.objects.count() == 1


def test_a_build_that_did_not_succeed_cannot_run(harbour: Harbour) -> None:
    build = harbour.built()
    build.state = "failed"
    build.save()
    with pytest.raises(Unplannable) as refused:
        services.deploy(
            actor=harbour.cast.actor("developer"), service=harbour.service, environment=harbour.cast.dev, build=build
        )
    assert "failed" in refused.value.reasons[0]
    assert not Release.objects.exists() and not Replica.objects.exists()


def test_a_host_without_the_image_is_no_place_for_it(harbour: Harbour) -> None:
    other = harbour.host("other", harbour.cast.dev)
    deployment = services.deploy(
        actor=harbour.cast.actor("developer"),
        service=harbour.service,
        environment=harbour.cast.dev,
        build=harbour.built(host=other),
    )
    assert [step["name"] for step in deployment.plan["steps"]] == ["other"]
    assert "does not hold the image" in deployment.plan["notes"][0]


@pytest.mark.parametrize("change", [{"drained": True}, {"engine_answers": False}, {"last_heard_at": None}])
def test_no_host_that_can_take_it_is_a_reason_and_not_a_plan(harbour: Harbour, change: dict[str, object]) -> None:
    build = harbour.built()
    for name, value in change.items():
        setattr(harbour.cast.host, name, value)
    harbour.cast.host.save()
    with pytest.raises(Unplannable) as refused:
        services.deploy(
            actor=harbour.cast.actor("developer"), service=harbour.service, environment=harbour.cast.dev, build=build
        )
    assert "Host local" in refused.value.reasons[0]


def test_exactly_one_thing_is_deployed(harbour: Harbour) -> None:
    actor, build = harbour.cast.actor("developer"), harbour.built()
    with pytest.raises(Invalid):
        services.deploy(actor=actor, service=harbour.service, environment=harbour.cast.dev)
    with pytest.raises(Invalid):
        services.deploy(
            actor=actor, service=harbour.service, environment=harbour.cast.dev, build=build, digest=build.digest
        )


def test_another_projects_environment_is_not_there(harbour: Harbour) -> None:
    with pytest.raises(Missing):
        services.deploy(
            actor=harbour.cast.actor("developer"),
            service=harbour.service,
            environment=harbour.cast.foreign_environment,
            build=harbour.built(),
        )


@pytest.mark.parametrize("name", ["viewer", "stranger", "admin"])
def test_who_may_not_deploy_changes_nothing(harbour: Harbour, name: str) -> None:
    build = harbour.built()
    with pytest.raises(Forbidden):
        services.deploy(
            actor=harbour.cast.actor(name), service=harbour.service, environment=harbour.cast.dev, build=build
        )
    assert not Deployment.objects.exists() and not Release.objects.exists()
