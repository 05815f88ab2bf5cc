"""Who is answered what at every page: statuses by route and method. A refusal is 403, what one may not see 404.

A rule's `body` are the fields of the form. `where` may name more than the address has.
"""

from typing import Any

from tests.blobs import rules as blobs
from tests.cast import PASSWORD, Cast
from tests.certificates import rules as certificates
from tests.deploykeys import rules as deploykeys
from tests.deployments import rules as running
from tests.environments import rules as environments
from tests.exports import rules as exports
from tests.hooks import rules as hooks
from tests.hosts import rules as hosts
from tests.isolation import rules as isolation
from tests.notices import rules as notices
from tests.registries import rules as registries
from tests.rest.walk import Made, Rule, nothing
from tests.retention import rules as retention
from tests.teams import rules as teams
from tests.volumes import rules as volumes
from webapp.teams.services import create_project

EVERYBODY = (200, 200, 200, 200, 200, 200)
EVERYBODY_GOES_ON = (302, 302, 302, 302, 302, 302)
MEMBERS = (404, 200, 200, 200, 200, 404)
MEMBERS_AND_ADMIN = (404, 200, 200, 200, 200, 200)
DEVELOPERS_SEE = (404, 403, 200, 200, 200, 404)
DEVELOPERS = (404, 403, 302, 302, 302, 404)
OPERATORS = (404, 403, 403, 302, 302, 404)
OPERATORS_SEE = (404, 403, 403, 200, 200, 404)
OWNERS = (404, 403, 403, 403, 302, 404)
OWNERS_AND_ADMIN = (404, 403, 403, 403, 302, 302)
OPERATORS_ENROLL = (200, 403, 403, 200, 200, 200)  # each for teams of their own
ADMIN = (403, 403, 403, 403, 403, 302)
ADMIN_SEES = (403, 403, 403, 403, 403, 200)

Statuses = tuple[int, int, int, int, int, int]


def an_image_of_it(cast: Cast) -> dict[str, Any]:
    return {"slug": "kept"}


def look(route: str, statuses: Statuses, where: Made = nothing) -> Rule:
    """A page that takes no form."""
    return Rule(route, "get", statuses, where=where, nobody=302)


def form(route: str, shown: Statuses, sent: Statuses, where: Made = nothing, body: Made = nothing) -> tuple[Rule, ...]:
    """A page with its own form."""
    return look(route, shown, where), act(route, sent, where, body)


def act(route: str, statuses: Statuses, where: Made = nothing, body: Made = nothing) -> Rule:
    """What is only sent."""
    return Rule(route, "post", statuses, where=where, body=body, nobody=302)


def wrong_words(cast: Cast) -> dict[str, Any]:
    return {"username": "owner", "password": "not this"}


def passwords(cast: Cast) -> dict[str, Any]:
    return {"old": PASSWORD, "new": "another long sentence"}


def a_person(cast: Cast) -> dict[str, Any]:
    return {"username": "somebody"}


def a_code(cast: Cast) -> dict[str, Any]:
    return {"code": "slwi_x"}


def a_weak_password(cast: Cast) -> dict[str, Any]:
    return {"username": "somebody", "password": "password"}


def a_project(cast: Cast) -> dict[str, Any]:
    return {"team": cast.team.id, "slug": "next", "name": "Next"}


def an_empty_project(cast: Cast) -> dict[str, Any]:
    return {"id": create_project(actor=cast.actor("owner"), team=cast.team, slug="empty", name="Empty").id}


def an_own_token(cast: Cast) -> dict[str, Any]:
    return {"name": "ci", "scopes": ["read"]}


def an_image(cast: Cast) -> dict[str, Any]:
    return {"slug": "front", "kind": "dockerfile", "dockerfile": "FROM slipway/busybox:1\n"}


def a_new_service(cast: Cast) -> dict[str, Any]:
    given = running.a_new_service(cast)
    return {"slug": "other", "image": given["image"], "health_kind": "none", "restart": "no"}


def the_service(cast: Cast) -> dict[str, Any]:
    image = cast.project.images.get()
    return {"slug": "front", "image": image.id, "replicas": 2, "health_kind": "none", "restart": "no"}


def a_build_for_dev(cast: Cast) -> dict[str, Any]:
    image = cast.project.images.get()
    return {"environment": cast.dev.id, "build": image.builds.get(state="succeeded").id}


def a_built_service(cast: Cast) -> dict[str, Any]:
    harbour = running.harbour_of(cast)
    harbour.built()
    return {"id": harbour.service.id}


def restarted(cast: Cast) -> dict[str, Any]:
    return {**running.a_deployed_service(cast), "kind": "restart"}


def north(cast: Cast) -> dict[str, Any]:
    return {"labels": "zone=north", "max_replicas": 4, "max_memory": "2g"}


def a_restarted_replica(cast: Cast) -> dict[str, Any]:
    return {**running.a_replica(cast), "kind": "restart"}


def a_replica_on_the_second_host(cast: Cast) -> dict[str, Any]:
    return running.one_of_two_replicas(cast)


def a_promotion(cast: Cast) -> dict[str, Any]:
    return {**running.a_deployment(cast), "step": "promotion"}


def in_dev(cast: Cast) -> dict[str, Any]:
    return {"environment": cast.dev.id}


def a_place(cast: Cast) -> dict[str, Any]:
    return {"slug": "lab", "rank": 9, "hosts": [cast.host.id]}


def one_variable(cast: Cast) -> dict[str, Any]:
    return {"variables": "MODE=dev"}


def drained(cast: Cast) -> dict[str, Any]:
    return {"drained": "yes"}


def every_team(cast: Cast) -> dict[str, Any]:
    return {"every_team": "on"}


def three_slots(cast: Cast) -> dict[str, Any]:
    return {"build_slots": 3}


def another_registry(cast: Cast) -> dict[str, Any]:
    return {"url": "http://127.0.0.1:9"}


def another_prefix(cast: Cast) -> dict[str, Any]:
    return {"path": "crew"}


FRAME = (
    look("home", EVERYBODY_GOES_ON),
    Rule("favicon", "get", EVERYBODY_GOES_ON, nobody=302),
    Rule("sign_in", "get", EVERYBODY_GOES_ON, nobody=200),
    Rule("sign_in", "post", (401, 401, 401, 401, 401, 401), body=wrong_words, nobody=401),
    act("sign_out", EVERYBODY_GOES_ON),
    *form("account", EVERYBODY, EVERYBODY_GOES_ON, body=passwords),
    look("palette", EVERYBODY),
    look("audit", EVERYBODY),
    act("audit_verification", ADMIN),
    act("demo", EVERYBODY_GOES_ON),
    *(Rule(monitor, "get", EVERYBODY, nobody=200) for monitor in ("healthz", "readyz", "metrics")),
)

# stranger, viewer, developer, operator, owner, admin
TEAMS = (
    look("projects", EVERYBODY),
    *form("project_new", EVERYBODY, (422, 422, 302, 302, 302, 422), body=a_project),
    *form("project_settings", MEMBERS, DEVELOPERS, teams.the_project, teams.a_name),
    act("project_delete", OWNERS, an_empty_project),
    look("teams", EVERYBODY),
    *form("team_new", EVERYBODY, EVERYBODY_GOES_ON, body=teams.a_team),
    *form("invitation_accept", EVERYBODY, (302, 404, 404, 404, 404, 404), body=teams.the_strangers_code),
    Rule("join_ask", "get", EVERYBODY, nobody=200),
    Rule("join_ask", "post", EVERYBODY_GOES_ON, body=a_code, nobody=302),
    Rule("join", "get", EVERYBODY, where=teams.an_open_code, nobody=200),
    Rule("join", "post", (302, 409, 409, 409, 409, 302), where=teams.an_open_code, body=a_weak_password, nobody=400),
    *form("people", ADMIN_SEES, ADMIN_SEES, body=a_person),
    act("person_password", ADMIN_SEES, teams.the_viewer_as_user),
    act("person_activity", ADMIN, teams.the_viewer_as_user),
    act("person_site_admin", ADMIN, teams.the_viewer_as_user),
    look("team", MEMBERS_AND_ADMIN, teams.the_team),
    *form("team_rename", MEMBERS_AND_ADMIN, OWNERS_AND_ADMIN, teams.the_team, teams.a_name),
    act("team_delete", OWNERS_AND_ADMIN, teams.an_empty_team),
    look("invite", (404, 302, 302, 302, 302, 302), teams.the_team),
    act("invite", (404, 403, 403, 403, 200, 200), teams.the_team, teams.a_newcomer),
    act("invitation_withdraw", OWNERS_AND_ADMIN, teams.an_invitation),
    *form("member_role", MEMBERS_AND_ADMIN, OWNERS_AND_ADMIN, teams.the_viewer, teams.a_role),
    act("member_remove", (404, 302, 403, 403, 302, 302), teams.the_viewer),
    *form("tokens", EVERYBODY, EVERYBODY, body=an_own_token),
    act("token_revoke", (404, 302, 404, 404, 404, 404), teams.the_viewers_token),
)

IMAGES = (
    look("images", MEMBERS, teams.the_project),
    *form("image_new", DEVELOPERS_SEE, DEVELOPERS, teams.the_project, an_image),
    look("image", MEMBERS, running.an_image),
    look("image_part", MEMBERS, running.an_image),
    *form("image_edit", DEVELOPERS_SEE, DEVELOPERS, running.an_image, an_image),
    act("image_delete", DEVELOPERS, running.an_image),
    *form("image_build", DEVELOPERS_SEE, DEVELOPERS, running.an_image),
    look("image_history", MEMBERS, running.an_image),
    look("image_revision", MEMBERS, running.a_revision),
    act("image_revision_reuse", DEVELOPERS, running.a_revision),
    look("build", MEMBERS, running.a_build),
    look("build_comparison", MEMBERS, running.a_second_build),
    look("build_part", MEMBERS, running.a_build),
    act("build_cancel", DEVELOPERS, running.a_queued_build),
    act("build_retry", DEVELOPERS, running.a_build),
    act("build_front", OPERATORS, running.a_queued_build),
    act("build_move", OPERATORS, running.a_queued_build, running.another_host),
    *form("image_push", DEVELOPERS_SEE, DEVELOPERS, running.an_image),
    *form("build_push", DEVELOPERS_SEE, DEVELOPERS, running.a_build_to_push, running.a_registry_of_ours),
    act("push_cancel", DEVELOPERS, running.a_queued_push),
    act("push_retry", DEVELOPERS, running.a_failed_push),
    look("log_text", MEMBERS, running.a_log),
)

RUNNING = (
    look("board", MEMBERS, teams.the_project),
    look("board_part", MEMBERS, teams.the_project),
    *form("service_new", DEVELOPERS_SEE, DEVELOPERS, teams.the_project, a_new_service),
    look("service", MEMBERS, running.a_deployed_service),
    look("service_part", MEMBERS, running.a_deployed_service),
    *form("service_edit", DEVELOPERS_SEE, DEVELOPERS, running.a_service, the_service),
    act("service_delete", DEVELOPERS, running.a_service),
    *form("service_deploy", DEVELOPERS_SEE, DEVELOPERS, a_built_service, a_build_for_dev),
    look("service_plan", (404, 403, 404, 404, 404, 404), a_built_service),  # without an environment in the query
    *form("service_scale", DEVELOPERS_SEE, DEVELOPERS, running.a_deployed_service, running.three_in_dev),
    act("service_change", DEVELOPERS, restarted, in_dev),
    *form("release", MEMBERS, DEVELOPERS, running.a_release),
    look("deployments", MEMBERS, teams.the_project),
    look("deployment", MEMBERS, running.a_deployment),
    look("deployment_part", MEMBERS, running.a_deployment),
    act("deployment_approve", OPERATORS, running.a_deployment_that_waits, running.the_plan),
    act("deployment_reject", OPERATORS, running.a_deployment_that_waits, running.the_plan),
    act("deployment_replan", DEVELOPERS, running.a_deployment_that_waits),
    act("deployment_hurry", OPERATORS, running.a_deployment_that_waits, running.a_reason),
    act("deployment_review", (404, 403, 403, 302, 403, 404), running.an_emergency, running.a_look),
    look("reviews", MEMBERS, teams.the_project),
    look("service_comparison", MEMBERS, running.a_deployed_service),
    act("deployment_cancel", DEVELOPERS, running.a_deployment_that_waits),
    act("deployment_promote", DEVELOPERS, running.a_deployment),
    look("deployment_plan", DEVELOPERS_SEE, a_promotion),
    act("deployment_roll_back", DEVELOPERS, running.a_second_deployment),
    look("replica", MEMBERS, running.a_replica),
    look("replica_part", MEMBERS, running.a_replica),
    act("replica_move_away", DEVELOPERS, a_replica_on_the_second_host),
    act("host_evacuate", EVERYBODY_GOES_ON, running.the_host),
    act("host_remove", ADMIN, running.the_host),
    act("replica_change", DEVELOPERS, a_restarted_replica),
    look("replica_files", DEVELOPERS_SEE, running.a_replica),
    look("replica_files_part", DEVELOPERS_SEE, running.a_replica),
    act("replica_compare", DEVELOPERS, running.a_replica),
    *form("replica_image", DEVELOPERS_SEE, DEVELOPERS, running.a_replica, an_image_of_it),
)

PLACES = (
    look("environments", MEMBERS, teams.the_project),
    *form("environment_new", OPERATORS_SEE, OPERATORS, teams.the_project, a_place),
    *form("environment", MEMBERS, OPERATORS, environments.dev, a_place),
    act("environment_variables", DEVELOPERS, environments.dev, one_variable),
    act("environment_delete", OPERATORS, environments.an_unused_environment),
    *form("secrets", MEMBERS, OPERATORS, teams.the_project, environments.for_production),
    act("secret_retire", OPERATORS, environments.a_production_secret),
    look("hosts", EVERYBODY),
    look("hosts_part", EVERYBODY),
    *form("host_enroll", OPERATORS_ENROLL, (422, *OPERATORS_ENROLL[1:]), body=hosts.a_host_for_the_team),
    look("host", MEMBERS_AND_ADMIN, hosts.the_teams_own_host),
    look("host_part", MEMBERS_AND_ADMIN, hosts.the_teams_own_host),
    act("host_drain", (404, 403, 403, 302, 302, 302), hosts.the_teams_own_host, drained),
    act("host_revoke", ADMIN, hosts.local),
    act("host_room", (404, 403, 403, 302, 302, 302), hosts.the_teams_own_host, north),
    act("host_code", (404, 403, 403, 200, 200, 200), hosts.the_teams_own_host),
    act("host_serve", ADMIN, hosts.local, every_team),
    act("host_slots", ADMIN, hosts.local, three_slots),
    look("isolation_profiles", EVERYBODY),
    *form("isolation_profile_new", ADMIN_SEES, ADMIN, body=isolation.another),
    *form("isolation_profile", EVERYBODY, ADMIN, isolation.hardened, isolation.a_title),
    act("isolation_profile_default", ADMIN, isolation.hardened),
    act("isolation_profile_delete", ADMIN, isolation.hardened),
)

HOOKS = (
    look("hooks", MEMBERS, teams.the_project),
    *form("hook_new", OPERATORS_SEE, OPERATORS_SEE, teams.the_project, hooks.a_form),
    *form("hook", MEMBERS, OPERATORS, hooks.a_hook, hooks.a_filter),
    act("hook_secret", OPERATORS_SEE, hooks.a_hook),
    act("hook_delete", OPERATORS, hooks.a_hook),
    look("hook_delivery", MEMBERS, hooks.a_delivery_alone),
    act("hook_redeliver", OPERATORS, hooks.a_delivery_alone),
)

REGISTRIES = (
    look("uploads", MEMBERS, teams.the_project),
    Rule("uploads", "post", (404, 403, 400, 400, 400, 404), where=teams.the_project, nobody=403),
    act("upload_delete", DEVELOPERS, blobs.an_upload),
    *form("certificates", MEMBERS, OPERATORS, teams.the_project, certificates.another),
    act("certificate_delete", OPERATORS, certificates.the_certificate),
    *form("deploy_keys", MEMBERS, DEVELOPERS, teams.the_project, deploykeys.another),
    *form("deploy_key", MEMBERS, DEVELOPERS, deploykeys.the_key, deploykeys.none_trusted),
    act("deploy_key_delete", DEVELOPERS, deploykeys.the_key),
    *form("registries", MEMBERS, (404, 403, 403, 302, 302, 404), teams.the_project, another_registry),
    *form("registry", MEMBERS, (404, 403, 403, 302, 302, 404), registries.a_registry, another_prefix),
    look("registry_content", MEMBERS, registries.a_registry),
    act("registry_check", OPERATORS, registries.a_registry),
    act("registry_remove", OPERATORS, registries.a_registry),
    look("volumes", MEMBERS, lambda cast: {"id": cast.project.id}),
    *form("volume", MEMBERS, DEVELOPERS, volumes.a_volume, volumes.standing_still),
    look("volume_part", MEMBERS, volumes.a_volume),
    act("volume_keep", DEVELOPERS, volumes.a_volume, volumes.seven_kept),
    *form("volume_delete", DEVELOPERS_SEE, DEVELOPERS, volumes.a_volume_left, volumes.its_name),
    act("volume_restore", DEVELOPERS, volumes.a_volume_with_a_backup, volumes.that_backup),
    act("backup_cancel", DEVELOPERS, volumes.a_backup),
    look("backup_archive", volumes.NOT_READY, volumes.a_backup),
    *form("replica_move", MEMBERS, DEVELOPERS, volumes.a_replica_to_move, volumes.to_the_second_by_id),
    *form("build_exports", MEMBERS, DEVELOPERS, exports.a_build, exports.a_layout),
    look("build_exports_part", MEMBERS, exports.a_build),
    act("export_cancel", DEVELOPERS, exports.an_export),
    look("export_archive", exports.NOT_READY, exports.an_export),
    *form("retention", MEMBERS, OPERATORS, retention.a_project, retention.a_form),
    act("retention_run", OPERATORS, retention.a_project),
    act("retention_clear", OPERATORS, retention.a_project),
    *form("image_retention", MEMBERS, OPERATORS, retention.an_image, retention.a_form),
    act("image_retention_run", OPERATORS, retention.an_image),
    act("image_retention_clear", OPERATORS, retention.an_image),
)

NOTICES = (
    look("notices", MEMBERS, teams.the_project),
    *form("channel_new", OPERATORS_SEE, OPERATORS_SEE, teams.the_project, notices.a_form),
    *form("channel", MEMBERS, OPERATORS, notices.a_channel, notices.a_change),
    act("channel_test", OPERATORS, notices.a_channel),
    act("channel_secret", OPERATORS_SEE, notices.a_channel),
    act("channel_delete", OPERATORS, notices.a_channel),
    act("notice_resend", OPERATORS, notices.a_failed_notice),
)

RULES: tuple[Rule, ...] = (*FRAME, *TEAMS, *IMAGES, *RUNNING, *PLACES, *HOOKS, *REGISTRIES, *NOTICES)
