"""Who may do what at the endpoints of images, builds, services, deployments, replicas and their logs."""

from typing import Any

from tests.cast import Cast, make_ready
from tests.deployments.rig import SOURCE, Harbour
from tests.rest.walk import Rule
from webapp.deployments import services
from webapp.deployments.models import Replica
from webapp.hosts.services import enroll
from webapp.images.models import Build, Push
from webapp.images.services import change_image, define_image, push_build, request_build
from webapp.registries.models import Registry
from webapp.teams.policy import SYSTEM


def harbour_of(cast: Cast) -> Harbour:
    """A service of the cast's project, nothing of it deployed yet."""
    developer = cast.actor("developer")
    image = define_image(actor=developer, project=cast.project, slug="front", source=SOURCE)
    service = services.define_service(
        actor=developer, project=cast.project, slug="front", image=image, settings={"replicas": 1}
    )
    return Harbour(cast=cast, image=image, service=service)


def an_image(cast: Cast) -> dict[str, Any]:
    image = define_image(actor=cast.actor("developer"), project=cast.project, slug="front", source=SOURCE)
    return {"id": image.id}


def a_dockerfile(cast: Cast) -> dict[str, Any]:
    return {"dockerfile": "FROM scratch", "files": []}


def a_new_image(cast: Cast) -> dict[str, Any]:
    return {"project": cast.project.id, "slug": "other", "source": SOURCE}


def another_source(cast: Cast) -> dict[str, Any]:
    return {"source": {**SOURCE, "dockerfile": "FROM slipway/busybox:1\nCMD sleep 9"}}


def a_revision(cast: Cast) -> dict[str, Any]:
    """The first of two."""
    image = define_image(actor=cast.actor("developer"), project=cast.project, slug="front", source=SOURCE)
    change_image(actor=cast.actor("developer"), image=image, **another_source(cast))
    return {"id": image.revisions.get(number=1).id}


def a_queued_build(cast: Cast) -> dict[str, Any]:
    return {"id": request_build(actor=cast.actor("owner"), image=harbour_of(cast).image).id}


def a_build(cast: Cast) -> dict[str, Any]:
    return {"id": harbour_of(cast).built().id}


def a_registry_of_ours(cast: Cast) -> dict[str, Any]:
    registry, _ = Registry.objects.get_or_create(team=cast.team, address="r.example.org")
    return {"registry": registry.id}


def another_host(cast: Cast) -> dict[str, Any]:
    """That can build too."""
    host, _ = enroll(actor=SYSTEM, name="second", every_team=True)
    make_ready(host)
    return {"host": host.id}


def a_build_to_push(cast: Cast) -> dict[str, Any]:
    """And a registry to push it to."""
    a_registry_of_ours(cast)
    return a_build(cast)


def a_queued_push(cast: Cast) -> dict[str, Any]:
    build = Build.objects.select_related("image__project__team", "host").get(id=a_build(cast)["id"])
    push = push_build(actor=cast.actor("owner"), build=build, **a_registry_of_ours(cast))
    return {"id": push.id}


def a_failed_push(cast: Cast) -> dict[str, Any]:
    build = harbour_of(cast).built()
    registry = Registry.objects.get(id=a_registry_of_ours(cast)["registry"])
    push = Push.objects.create(
        build=build, registry=registry, repository="r.example.org/front", templates=["1"], state="failed"
    )
    return {"id": push.id}


def a_second_build(cast: Cast) -> dict[str, Any]:
    harbour = harbour_of(cast)
    harbour.built()
    return {"id": harbour.built().id}


def a_service(cast: Cast) -> dict[str, Any]:
    return {"id": harbour_of(cast).service.id}


def a_new_service(cast: Cast) -> dict[str, Any]:
    image = define_image(actor=cast.actor("developer"), project=cast.project, slug="other", source=SOURCE)
    return {"project": cast.project.id, "slug": "other", "image": image.id}


def two_replicas(cast: Cast) -> dict[str, Any]:
    return {"replicas": 2}


def a_deployed_service(cast: Cast) -> dict[str, Any]:
    harbour = harbour_of(cast)
    harbour.deployed()
    return {"id": harbour.service.id}


def a_service_on_two_hosts(cast: Cast) -> dict[str, Any]:
    harbour = harbour_of(cast)
    services.change_service(actor=cast.actor("owner"), service=harbour.service, settings={"replicas": 2})
    other = harbour.host("other", cast.dev)
    build = harbour.built()
    harbour.built(host=other, same_as=build)
    harbour.deployed(build=build)
    return {"id": harbour.service.id}


def one_of_two_replicas(cast: Cast) -> dict[str, Any]:
    a_service_on_two_hosts(cast)
    return {"id": Replica.objects.get(host__name="other").id}


def away_from_other(cast: Cast) -> dict[str, Any]:
    return {"environment": cast.dev.id, "host": "other"}


def the_host(cast: Cast) -> dict[str, Any]:
    return {"id": cast.host.id}


def three_in_dev(cast: Cast) -> dict[str, Any]:
    return {"environment": cast.dev.id, "replicas": 3}


def a_release(cast: Cast) -> dict[str, Any]:
    return {"id": harbour_of(cast).deployed().release_id}


def a_build_for_dev(cast: Cast) -> dict[str, Any]:
    harbour = harbour_of(cast)
    return {"service": harbour.service.id, "environment": cast.dev.id, "build": harbour.built().id}


def a_deployment(cast: Cast) -> dict[str, Any]:
    return {"id": harbour_of(cast).deployed().id}


def a_second_deployment(cast: Cast) -> dict[str, Any]:
    harbour = harbour_of(cast)
    harbour.deployed()
    return {"id": harbour.deployed().id}


def a_deployment_that_waits(cast: Cast) -> dict[str, Any]:
    """For production, asked for by the developer."""
    harbour = harbour_of(cast)
    waiting = services.deploy(
        actor=cast.actor("developer"),
        service=harbour.service,
        environment=cast.production,
        build=harbour.built(),
    )
    return {"id": waiting.id}


def the_plan(cast: Cast) -> dict[str, Any]:
    hashes = cast.project.services.values_list("deployments__plan_hash", flat=True)
    return {"plan_hash": hashes.get(deployments__state="awaiting_approval"), "comment": "read"}


def an_emergency(cast: Cast) -> dict[str, Any]:
    """In production, by the owner."""
    harbour = harbour_of(cast)
    made = services.deploy(
        actor=cast.actor("owner"),
        service=harbour.service,
        environment=cast.production,
        build=harbour.built(),
        **a_reason(cast),
    )
    return {"id": made.id}


def a_reason(cast: Cast) -> dict[str, Any]:
    return {"emergency": "Payments fail for everybody since the last release."}


def a_look(cast: Cast) -> dict[str, Any]:
    return {"comment": "Looked at it; the fix is right."}


def a_replica(cast: Cast) -> dict[str, Any]:
    harbour = harbour_of(cast)
    harbour.deployed()
    return {"id": harbour.replicas()[0].id}


def a_log(cast: Cast) -> dict[str, Any]:
    return {"id": harbour_of(cast).built().log_id}


def for_events(cast: Cast) -> dict[str, Any]:
    return {"path": "/ws/events/"}


EVERYBODY = (200, 200, 200, 200, 200, 200)
MEMBERS = (404, 200, 200, 200, 200, 404)
DEVELOPERS_MAKE = (404, 403, 201, 201, 201, 404)
DEVELOPERS_CHANGE = (404, 403, 200, 200, 200, 404)
OPERATORS_CHANGE = (404, 403, 403, 200, 200, 404)
DEVELOPERS_START = (404, 403, 202, 202, 202, 404)
DEVELOPERS_REMOVE = (404, 403, 204, 204, 204, 404)

# stranger, viewer, developer, operator, owner, admin
RULES = (
    Rule("api_dockerfile_checks", "post", EVERYBODY, body=a_dockerfile),
    Rule("api_images", "get", EVERYBODY),
    Rule("api_images", "post", DEVELOPERS_MAKE, body=a_new_image),
    Rule("api_image", "get", MEMBERS, where=an_image),
    Rule("api_image", "patch", DEVELOPERS_CHANGE, where=an_image, body=another_source),
    Rule("api_image", "delete", DEVELOPERS_REMOVE, where=an_image),
    Rule("api_image_revisions", "get", MEMBERS, where=an_image),
    Rule("api_image_revision", "get", MEMBERS, where=a_revision),
    Rule("api_image_revision_difference", "get", MEMBERS, where=a_revision),
    Rule("api_image_revision_reuse", "post", DEVELOPERS_CHANGE, where=a_revision),
    Rule("api_image_builds", "get", MEMBERS, where=an_image),
    Rule("api_image_builds", "post", DEVELOPERS_START, where=an_image),
    Rule("api_build", "get", MEMBERS, where=a_build),
    Rule("api_build_comparison", "get", MEMBERS, where=a_second_build),
    Rule("api_build_cancellation", "post", DEVELOPERS_START, where=a_queued_build),
    Rule("api_build_retry", "post", DEVELOPERS_START, where=a_build),
    Rule("api_build_front", "post", OPERATORS_CHANGE, where=a_queued_build),
    Rule("api_build_move", "post", OPERATORS_CHANGE, where=a_queued_build, body=another_host),
    Rule("api_build_pushes", "get", MEMBERS, where=a_build),
    Rule("api_build_pushes", "post", DEVELOPERS_START, where=a_build, body=a_registry_of_ours),
    Rule("api_push", "get", MEMBERS, where=a_failed_push),
    Rule("api_push_cancellation", "post", DEVELOPERS_START, where=a_queued_push),
    Rule("api_push_retry", "post", DEVELOPERS_START, where=a_failed_push),
    Rule("api_services", "get", EVERYBODY),
    Rule("api_services", "post", DEVELOPERS_MAKE, body=a_new_service),
    Rule("api_service", "get", MEMBERS, where=a_service),
    Rule("api_service", "patch", DEVELOPERS_CHANGE, where=a_service, body=two_replicas),
    Rule("api_service", "delete", DEVELOPERS_REMOVE, where=a_service),
    Rule("api_service_releases", "get", MEMBERS, where=a_service),
    Rule("api_service_journey", "get", MEMBERS, where=a_deployed_service),
    Rule("api_service_comparison", "get", (404, 400, 400, 400, 400, 404), where=a_deployed_service),
    Rule("api_service_scale", "post", DEVELOPERS_START, where=a_deployed_service, body=three_in_dev),
    Rule("api_release", "get", MEMBERS, where=a_release),
    Rule("api_deployments", "get", EVERYBODY),
    Rule("api_deployments", "post", DEVELOPERS_START, body=a_build_for_dev),
    Rule("api_deployment", "get", MEMBERS, where=a_deployment),
    Rule("api_deployment_evidence", "get", MEMBERS, where=a_deployment_that_waits),
    Rule("api_deployment_approvals", "get", MEMBERS, where=a_deployment),
    Rule("api_deployment_approvals", "post", (404, 403, 403, 202, 202, 404), a_deployment_that_waits, the_plan),
    Rule("api_deployment_rejections", "post", (404, 403, 403, 202, 202, 404), a_deployment_that_waits, the_plan),
    Rule("api_deployment_cancellation", "post", DEVELOPERS_START, where=a_deployment_that_waits),
    Rule("api_deployment_replanning", "post", DEVELOPERS_START, where=a_deployment_that_waits),
    Rule("api_deployment_emergency", "post", (404, 403, 403, 202, 202, 404), a_deployment_that_waits, a_reason),
    Rule("api_deployment_review", "post", (404, 403, 403, 202, 403, 404), an_emergency, a_look),
    Rule("api_deployment_rollback", "post", DEVELOPERS_START, where=a_second_deployment),
    Rule("api_deployment_promotion", "post", DEVELOPERS_START, where=a_deployment),
    Rule("api_replicas", "get", EVERYBODY),
    Rule("api_replica", "get", MEMBERS, where=a_replica),
    Rule("api_replica_restart", "post", DEVELOPERS_START, where=a_replica),
    Rule("api_replica_stop", "post", DEVELOPERS_START, where=a_replica),
    Rule("api_replica_duplication", "post", DEVELOPERS_START, where=a_replica),
    Rule("api_replica_deletion", "post", DEVELOPERS_START, where=one_of_two_replicas),
    Rule("api_service_evacuation", "post", DEVELOPERS_START, where=a_service_on_two_hosts, body=away_from_other),
    Rule("api_host_evacuation", "post", (202, 202, 202, 202, 202, 202), where=the_host),
    Rule("api_host_removal", "post", (403, 403, 403, 403, 403, 204), where=the_host),
    Rule("api_replica_start", "post", DEVELOPERS_START, where=a_replica),
    Rule("log", "get", MEMBERS, where=a_log),
    Rule("log-lines", "get", MEMBERS, where=a_log),
    Rule("socket-tickets", "post", (201, 201, 201, 201, 201, 201), body=for_events),
)
