"""Who may do what at the endpoints of certificates."""

from typing import Any

from tests.cast import Cast
from tests.certificates.given import a_certificate, made
from tests.rest.walk import Rule
from webapp.certificates.models import Certificate

MEMBERS = (404, 200, 200, 200, 200, 404)


def the_project(cast: Cast) -> dict[str, Any]:
    return {"id": cast.project.id}


def the_certificate(cast: Cast) -> dict[str, Any]:
    return {"id": (Certificate.objects.filter(project=cast.project).first() or a_certificate(cast)).id}


def another(cast: Cast) -> dict[str, Any]:
    given = made("other.example.com")
    return {"name": "other", "chain": given.chain, "key": given.key}


RULES = (
    Rule("api_project_certificates", "get", MEMBERS, where=the_project),
    Rule("api_project_certificates", "post", (404, 403, 403, 201, 201, 404), where=the_project, body=another),
    Rule("api_certificate", "get", MEMBERS, where=the_certificate),
    Rule("api_certificate", "delete", (404, 403, 403, 204, 204, 404), where=the_certificate),
)
