"""Who may do what at the endpoints and pages of registries."""

from typing import Any

from tests.cast import Cast
from tests.rest.walk import Rule
from webapp.registries.models import Registry
from webapp.registries.services import add_registry
from webapp.teams.policy import SYSTEM

EVERYBODY = (200, 200, 200, 200, 200, 200)
MEMBERS = (404, 200, 200, 200, 200, 404)
ASKED = (404, 502, 502, 502, 502, 404)  # nothing answers at that address


def a_registry(cast: Cast) -> dict[str, Any]:
    found = Registry.objects.filter(project=cast.project).first()
    if found is None:
        url = "http://127.0.0.1:9"
        found = add_registry(actor=SYSTEM, team=cast.team, project=cast.project, url=url)
    return {"id": found.id}


def another(cast: Cast) -> dict[str, Any]:
    return {"project": cast.project.id, "url": "other.example.org"}


RULES = (
    Rule("api_registries", "get", EVERYBODY),
    Rule("api_registries", "post", (404, 403, 403, 201, 201, 404), body=another),
    Rule("api_registry", "get", MEMBERS, where=a_registry),
    Rule("api_registry", "patch", (404, 403, 403, 200, 200, 404), where=a_registry, body=lambda cast: {"prefix": "x"}),
    Rule("api_registry", "delete", (404, 403, 403, 204, 204, 404), where=a_registry),
    Rule("api_registry_check", "post", (404, 403, 403, 200, 200, 404), where=a_registry),
    Rule("api_registry_repositories", "get", ASKED, where=a_registry),
    Rule("api_registry_tags", "get", (404, 400, 400, 400, 400, 404), where=a_registry),
)
