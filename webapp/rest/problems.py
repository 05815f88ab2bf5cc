"""Every refusal and failure of the API as RFC 9457 `application/problem+json`; the one place that translates them."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import redis
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from webapp.problems import Refusal
from webapp.rest.idempotency import Again
from webapp.rest.refusals import tell_trail

CONTENT_TYPE = "application/problem+json"
NOT_FOUND = "There is no such thing, or you may not see it."
AWAY = "The database or Redis does not answer. Nothing was changed; try again."

CODES: Mapping[int, str] = {
    400: "input.rejected",
    401: "auth.missing",
    403: "authz.denied",
    404: "missing",
    405: "method.not_allowed",
    406: "format.unknown",
    409: "state.conflict",
    412: "state.changed",
    413: "input.too_large",
    415: "input.media_type",
    429: "rate.limited",
    503: "unavailable",
}

logger = logging.getLogger(__name__)


def answer(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """The framework's exception handler. None for our own mistakes, which become 500 and reach the log."""
    if isinstance(error, Again):
        return error.response
    response = _translated(error)
    if response is not None:
        tell_trail(error, response, context)
    return response


def problem(
    *,
    status: int,
    code: str = "",
    title: str = "",
    detail: str = "",
    errors: Mapping[str, list[str]] | None = None,
    reasons: list[str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """One problem document."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or HTTPStatus(status).description or HTTPStatus(status).phrase,
        "code": code or CODES.get(status, "error"),
    }
    if errors:
        body["errors"] = dict(errors)
    if reasons:
        body["reasons"] = list(reasons)
    return Response(body, status=status, content_type=CONTENT_TYPE, headers=dict(headers or {}))


def _translated(error: Exception) -> Response | None:
    match error:
        case Refusal():
            return _of_refusal(error)
        case exceptions.ValidationError():
            return problem(status=400, detail="Some fields are not right.", errors=flat(error.detail))
        case exceptions.APIException():
            return _of_framework(error)
        case Http404():
            return problem(status=404, detail=NOT_FOUND)
        case PermissionDenied():
            return problem(status=403)
        case RequestDataTooBig():
            return problem(status=413)
        case DataError():
            return problem(status=400, detail="A value is outside of what can be stored.")
        case IntegrityError():
            return problem(status=409, detail="Something was made or changed at the same time. Look, and try again.")
        case OperationalError() | InterfaceError() | redis.RedisError():
            logger.warning("unavailable: %s", error)
            return problem(status=503, detail=AWAY, headers={"Retry-After": "2"})
    return None


def _of_refusal(refusal: Refusal) -> Response:
    # One body for what is not there and what is somebody else's, so that ids cannot be probed.
    detail = NOT_FOUND if refusal.status == HTTPStatus.NOT_FOUND else refusal.detail
    code = CODES[404] if refusal.status == HTTPStatus.NOT_FOUND else refusal.code
    again = refusal.retry_after or (2 if refusal.status == HTTPStatus.SERVICE_UNAVAILABLE else 0)
    headers = {"Retry-After": str(again)} if again else {}
    return problem(
        status=refusal.status,
        code=code,
        title=refusal.title,
        detail=detail,
        errors=refusal.errors,
        reasons=refusal.reasons,
        headers=headers,
    )


def _of_framework(error: exceptions.APIException) -> Response:
    headers: dict[str, str] = {}
    challenge = getattr(error, "auth_header", None)
    if challenge:
        headers["WWW-Authenticate"] = challenge
    wait = getattr(error, "wait", None)
    if wait is not None:
        headers["Retry-After"] = str(max(1, int(wait)))
    # The framework's own codes ("not_found") are not ours; ours have a dot.
    own = str(getattr(error.detail, "code", ""))
    code = own if "." in own else CODES.get(error.status_code, "error")
    detail = NOT_FOUND if error.status_code == HTTPStatus.NOT_FOUND else str(error.detail)
    return problem(status=error.status_code, code=code, detail=detail, headers=headers)


def flat(detail: Any, name: str = "") -> dict[str, list[str]]:
    """Errors by field, the names of nested ones joined by dots."""
    match detail:
        case dict():
            found: dict[str, list[str]] = {}
            for key, inner in detail.items():
                found |= flat(inner, f"{name}.{key}" if name else str(key))
            return found
        case list() if any(isinstance(inner, dict | list) for inner in detail):
            found = {}
            for index, inner in enumerate(detail):
                found |= flat(inner, f"{name}.{index}") if inner else {}
            return found
        case list():
            return {name or "body": [str(text) for text in detail]}
        case _:
            return {name or "body": [str(detail)]}
