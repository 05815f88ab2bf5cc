"""ETags of single objects: whoever has the present state gets 304, and who changes another state than they saw, 412."""

import hashlib
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from webapp.problems import Outdated
from webapp.rest.canonical import canonical

IF_MATCH = "If-Match"


def tagged(request: Request, data: Any) -> Response:
    """200 with the object and its tag, or 304 when `If-None-Match` names that tag."""
    tag = _tag(data)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in _named(request, "If-None-Match", weak=True):
        return Response(status=304, headers=headers)
    return Response(data, headers=headers)


def refuse_outdated(request: Request, data: Any) -> None:
    """Raises `Outdated` when `If-Match` names other states than this one, which is what the object looks like now."""
    named = _named(request, IF_MATCH, weak=False)
    if "*" not in named and _tag(data) not in named:
        raise Outdated(code="state.changed", detail="It was changed since you looked at it: look again.")


def _named(request: Request, header: str, *, weak: bool) -> list[str]:
    parts = [part.strip() for part in request.headers.get(header, "").split(",")]
    return [part.removeprefix("W/") for part in parts] if weak else parts


def _tag(data: Any) -> str:
    return f'"{hashlib.sha256(canonical(data, JSONEncoder)).hexdigest()[:32]}"'
