"""OpenAPI that says exactly what the server does: declared parameters, strict bodies, every problem answer."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter
from uritemplate import variables

from webapp.ids import PATTERN
from webapp.rest.authentication import SessionAuthentication, TokenAuthentication
from webapp.rest.etag import IF_MATCH
from webapp.rest.filtering import MAX_TEXT, By
from webapp.rest.idempotency import HEADER, MAX_KEY
from webapp.rest.problems import CONTENT_TYPE
from webapp.rest.serializers import StrictSerializer
from webapp.rest.views import Awaited, RoomView, RoomViewSet
from webapp.rest.waiting import MAX_SECONDS, PARAMETER

Place = Literal["path", "query", "header"]
KEY_ABOUT = (
    "A POST sent again with the same key and body is answered again, and not done again; while the first is under way "
    "the second waits. Not for bodies that are not JSON or over 1 MiB."
)
ALWAYS = (400, 401, 403, 406, 429, 503)
ON_READING_ONE = (404,)
ON_CHANGING_ONE = (412,)
ON_WRITING = (404, 409, 413, 415)

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `code` is for programs and stays; `detail` is a sentence for people.",
    "required": ["type", "title", "status", "detail", "code"],
    "additionalProperties": False,
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
        "reasons": {"type": "array", "items": {"type": "string"}},
    },
}


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer slw_…`"}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = SessionAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "A signed-in browser; what changes something needs the CSRF token in X-CSRFToken.",
        }


class SlipwaySchema(AutoSchema):
    """What the framework finds out by itself, and what only our views know."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        self._register_problem()
        for status in self._problems():
            operation["responses"].setdefault(str(status), _problem_response(status))
        return operation

    def get_override_parameters(self) -> list[Any]:
        return list(self._parameters())

    def _parameters(self) -> Iterator[OpenApiParameter]:
        for name in variables(self.path):
            yield _parameter(name, "path", {"type": "string"}, required=True)
        view = self.view
        if isinstance(view, RoomViewSet) and view.action == "list":
            for name, by in view.filters.items():
                yield _parameter(name, "query", _filter_schema(by), about=by.about)
        if isinstance(view, Awaited) and view.action == "retrieve":
            seconds = {"type": "integer", "minimum": 0, "maximum": MAX_SECONDS}
            yield _parameter(PARAMETER, "query", seconds, about="Hold the answer until it is over.")
        if isinstance(view, RoomViewSet) and view.changes_one:
            yield _parameter(IF_MATCH, "header", {"type": "string"}, about="The ETag of what you saw; else 412.")
        if self.method == "POST" and isinstance(view, RoomView):
            key = {"type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": "^[!-~]+$"}
            yield _parameter(HEADER, "header", key, about=KEY_ABOUT)

    def _problems(self) -> list[int]:
        found = [*ALWAYS]
        if variables(self.path):
            found += ON_READING_ONE
        if self.method != "GET":
            found += ON_WRITING
        if isinstance(self.view, RoomViewSet) and self.view.changes_one:
            found += ON_CHANGING_ONE
        if isinstance(self.view, RoomView):
            found += self.view.more_problems
        return sorted(set(found))

    def _register_problem(self) -> None:
        component = ResolvedComponent(name="Problem", type=ResolvedComponent.SCHEMA, object="Problem", schema=PROBLEM)
        self.registry.register_on_missing(component)

    def _map_serializer(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        schema: Any = AutoSchema._map_serializer(self, serializer, direction, bypass_extensions)
        if isinstance(serializer, StrictSerializer) and isinstance(schema, dict):
            schema["additionalProperties"] = False
        return schema


def _parameter(
    name: str, location: Place, schema: dict[str, Any], *, required: bool = False, about: str = ""
) -> OpenApiParameter:
    return OpenApiParameter(name=name, type=schema, location=location, required=required, description=about)


def _filter_schema(by: By) -> dict[str, Any]:
    match by.kind:
        case "flag":
            return {"type": "string", "enum": ["true", "false"]}
        case "time":
            return {"type": "string", "format": "date-time"}
        case "id":
            return {"type": "string", "pattern": PATTERN}
        case _ if by.choices:
            return {"type": "string", "enum": list(by.choices)}
        case _:
            return {"type": "string", "maxLength": MAX_TEXT}


def _problem_response(status: int) -> dict[str, Any]:
    return {
        "description": HTTPStatus(status).phrase,
        "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
