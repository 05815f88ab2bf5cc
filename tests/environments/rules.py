"""Who may do what at the endpoints of environments and secrets."""

from typing import Any

from tests.cast import Cast
from tests.rest.walk import Rule
from webapp.environments.models import Environment
from webapp.environments.services import create_environment, set_secret


def dev(cast: Cast) -> dict[str, Any]:
    return {"id": cast.dev.id}


def an_environment(cast: Cast) -> dict[str, Any]:
    return {"project": cast.project.id, "slug": "lab", "rank": 9, "hosts": ["local"], "variables": {"MODE": "lab"}}


def variables(cast: Cast) -> dict[str, Any]:
    return {"variables": {"MODE": "dev"}}


def an_unused_environment(cast: Cast) -> dict[str, Any]:
    return {"id": create_environment(actor=cast.actor("owner"), project=cast.project, slug="lab", rank=9).id}


def a_production_secret(cast: Cast) -> dict[str, Any]:
    return {"id": _secret(cast, cast.production)}


def a_dev_secret(cast: Cast) -> dict[str, Any]:
    return {"id": _secret(cast, cast.dev)}


def for_production(cast: Cast) -> dict[str, Any]:
    return {"project": cast.project.id, "environment": cast.production.id, "name": "KEY", "value": "sesame-open"}


def _secret(cast: Cast, environment: Environment) -> str:
    secret = set_secret(
        actor=cast.actor("owner"), project=cast.project, environment=environment, name="OLD", value="sesame"
    )
    return secret.id


EVERYBODY = (200, 200, 200, 200, 200, 200)
MEMBERS = (404, 200, 200, 200, 200, 404)

RULES = (
    Rule("environment-list", "get", EVERYBODY),
    Rule("environment-list", "post", (404, 403, 403, 201, 201, 404), body=an_environment),
    Rule("environment-detail", "get", MEMBERS, where=dev),
    Rule("environment-detail", "patch", (404, 403, 200, 200, 200, 404), where=dev, body=variables),
    Rule("environment-detail", "delete", (404, 403, 403, 204, 204, 404), where=an_unused_environment),
    Rule("secret-list", "get", EVERYBODY),
    Rule("secret-list", "post", (404, 403, 403, 201, 201, 404), body=for_production),
    Rule("secret-detail", "get", MEMBERS, where=a_dev_secret),
    Rule("secret-detail", "delete", (404, 403, 403, 204, 204, 404), where=a_production_secret),
)
