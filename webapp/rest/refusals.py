"""Which refusals of the API the audit trail hears of; repetitions are collapsed there."""

import logging
from collections.abc import Mapping
from typing import Any

from django.db import DatabaseError
from rest_framework.response import Response

from webapp.audit.services import record_refusal
from webapp.problems import Refusal
from webapp.teams.policy import Actor

# What is told in its own place (authentication.py), with more detail, is not told here again.
TOLD_ELSEWHERE = frozenset({"auth.token_invalid", "auth.throttled", "csrf.denied"})
ACTIONS: Mapping[int, str] = {
    400: "input.rejected",
    401: "auth.missing",
    403: "authz.denied",
    404: "authz.denied",
    410: "invite.denied",
    413: "input.rejected",
    415: "input.rejected",
    429: "rate.limited",
}
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})

logger = logging.getLogger(__name__)


def tell_trail(error: Exception, response: Response, context: Mapping[str, Any]) -> None:
    """Note a refusal. That it cannot be noted does not turn it into something else: nothing was changed."""
    code = str(response.data.get("code", "")) if isinstance(response.data, dict) else ""
    request = context.get("request")
    action = ACTIONS.get(response.status_code)
    if action is None or request is None or code in TOLD_ELSEWHERE:
        return
    if action == "input.rejected" and request.method not in CHANGING:
        return
    actor = getattr(request._request, "actor", None)
    try:
        record_refusal(
            actor=actor if isinstance(actor, Actor) else None,
            action=error.code if isinstance(error, Refusal) and response.status_code in (403, 410) else action,
            reason=f"{request.method} {_route(request)}: {code}",
            ip=getattr(request._request, "client_ip", ""),
            request_id=getattr(request._request, "request_id", ""),
        )
    except DatabaseError as trouble:
        logger.warning("a refusal was not noted in the trail: %s", trouble)


def _route(request: Any) -> str:
    """The address with names in place of ids, so that repetitions are one entry and no text of a stranger is kept."""
    match = getattr(request._request, "resolver_match", None)
    return match.route if match is not None else "?"
