"""Who may do what at the endpoints of deploy keys."""

from typing import Any

from tests.cast import Cast
from tests.deploykeys.given import a_key
from tests.rest.walk import Rule
from webapp.deploykeys.models import DeployKey

MEMBERS = (404, 200, 200, 200, 200, 404)


def the_project(cast: Cast) -> dict[str, Any]:
    return {"id": cast.project.id}


def the_key(cast: Cast) -> dict[str, Any]:
    return {"id": (DeployKey.objects.filter(project=cast.project).first() or a_key(cast)).id}


def another(cast: Cast) -> dict[str, Any]:
    return {"name": "other"}


def none_trusted(cast: Cast) -> dict[str, Any]:
    return {"known_hosts": ""}


RULES = (
    Rule("api_project_deploy_keys", "get", MEMBERS, where=the_project),
    Rule("api_project_deploy_keys", "post", (404, 403, 201, 201, 201, 404), where=the_project, body=another),
    Rule("api_deploy_key", "get", MEMBERS, where=the_key),
    Rule("api_deploy_key", "patch", (404, 403, 200, 200, 200, 404), where=the_key, body=none_trusted),
    Rule("api_deploy_key", "delete", (404, 403, 204, 204, 204, 404), where=the_key),
)
