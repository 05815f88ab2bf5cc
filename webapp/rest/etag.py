"""ETags of single objects: whoever has the present state already gets 304 and no body."""

import hashlib
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from webapp.rest.canonical import canonical


def tagged(request: Request, data: Any) -> Response:
    """200 with the object and its tag, or 304 when `If-None-Match` names that tag."""
    tag = f'"{hashlib.sha256(canonical(data, JSONEncoder)).hexdigest()[:32]}"'
    known = [part.strip().removeprefix("W/") for part in request.headers.get("If-None-Match", "").split(",")]
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in known:
        return Response(status=304, headers=headers)
    return Response(data, headers=headers)
