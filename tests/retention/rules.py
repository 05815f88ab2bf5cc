"""Who may do what at the endpoints and pages of retention."""

from typing import Any

from django.utils.timezone import now

from tests.cast import Cast
from tests.rest.walk import Rule
from webapp.images.models import Image
from webapp.retention.services import RuleSettings, set_rule
from webapp.teams.policy import SYSTEM

MEMBERS = (404, 200, 200, 200, 200, 404)
OPERATORS = (404, 403, 403, 200, 200, 404)
OPERATORS_CLEAR = (404, 403, 403, 204, 204, 404)


def a_project(cast: Cast) -> dict[str, Any]:
    """With an image and a rule."""
    an_image(cast)
    set_rule(actor=SYSTEM, project=cast.project, settings=RuleSettings(), now=now())
    return {"id": cast.project.id}


def an_image(cast: Cast) -> dict[str, Any]:
    """That follows a rule."""
    source = {"kind": "dockerfile", "dockerfile": "FROM scratch\n", "files": {}}
    image, _ = Image.objects.get_or_create(project=cast.project, slug="kept", defaults={"source": source})
    set_rule(actor=SYSTEM, project=cast.project, image=image, settings=RuleSettings(), now=now())
    return {"id": image.id}


def a_rule(cast: Cast) -> dict[str, Any]:
    return {"keep": 3, "releases": 2}


def a_form(cast: Cast) -> dict[str, Any]:
    return {"keep": "3", "releases": "2", "days": ""}


RULES = (
    Rule("api_project_retention", "get", MEMBERS, where=a_project),
    Rule("api_project_retention", "put", OPERATORS, where=a_project, body=a_rule),
    Rule("api_project_retention", "delete", OPERATORS_CLEAR, where=a_project),
    Rule("api_project_retention_dry", "post", MEMBERS, where=a_project, body=lambda cast: {"rule": a_rule(cast)}),
    Rule("api_project_retention_run", "post", OPERATORS, where=a_project),
    Rule("api_project_forgettings", "get", MEMBERS, where=a_project),
    Rule("api_project_erasures", "get", MEMBERS, where=a_project),
    Rule("api_image_retention", "get", MEMBERS, where=an_image),
    Rule("api_image_retention", "put", OPERATORS, where=an_image, body=a_rule),
    Rule("api_image_retention", "delete", OPERATORS_CLEAR, where=an_image),
    Rule("api_image_retention_dry", "post", MEMBERS, where=an_image),
    Rule("api_image_retention_run", "post", OPERATORS, where=an_image),
)
