"""Who asks: a bearer token, or else the session's cookie with CSRF. `request.auth` is the `Actor`."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.exceptions import APIException, AuthenticationFailed, PermissionDenied, Throttled
from rest_framework.request import Request

from webapp.audit.services import record_refusal
from webapp.rest.client import address_of
from webapp.teams import brakes
from webapp.teams.models import User
from webapp.teams.policy import Actor, actor_for_token, actor_for_user
from webapp.teams.services import find_token

SCHEME = "bearer"
TOKEN_PARAMETERS = frozenset({"token", "access_token", "api_key", "apikey", "key", "auth", "authorization"})
TOKEN_START = "slw_"

Credentials = tuple[User | None, Actor]


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer slw_…`. Whoever sends the header is judged by it alone, never by a cookie beside it."""

    def authenticate(self, request: Request) -> Credentials | None:
        _flag_token_in_url(request)
        header = request.headers.get("Authorization")
        if header is None:
            return None
        ip = address_of(request.META)
        scheme, _, secret = header.partition(" ")
        token = find_token(secret.strip()) if scheme.lower() == SCHEME else None
        if token is None:
            raise _bad_token(request, ip)
        actor = actor_for_token(token, ip=ip, request_id=_request_id(request))
        _note_actor(request, actor)
        return token.user, actor

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="slipway"'


class SessionAuthentication(BaseAuthentication):
    """The signed-in person, if the request changes nothing or shows that it comes from our own pages."""

    def authenticate(self, request: Request) -> Credentials | None:
        user = getattr(request._request, "user", None)
        if not isinstance(user, User) or not user.is_active:
            return None
        actor = actor_for_user(user, ip=address_of(request.META), request_id=_request_id(request))
        reason = _csrf_failure(request._request)
        if reason:
            record_refusal(actor=actor, action="csrf.denied", reason=reason)
            raise PermissionDenied(f"CSRF check failed: {reason}", code="csrf.denied")
        _note_actor(request, actor)
        return user, actor


def _bad_token(request: Request, ip: str) -> APIException:
    """401, or 429 from an address that guesses. A good token is heard from there all the same."""
    wait = brakes.seconds_to_wait(brakes.TOKEN, address=ip)
    if wait:
        _refused(request, "auth.throttled", "Too many bad tokens from this address.")
        return Throttled(wait=wait)
    brakes.failed(brakes.TOKEN, address=ip)
    _refused(request, "auth.token_invalid", "The token is unknown, expired or revoked.")
    return AuthenticationFailed("This token is unknown, expired or revoked.", code="auth.token_invalid")


def _csrf_failure(request: HttpRequest) -> str:
    check = CSRFCheck(lambda _: HttpResponse())
    check.process_request(request)
    return str(check.process_view(request, lambda _: HttpResponse(), (), {}) or "")


def _note_actor(request: Request, actor: Actor) -> None:
    """For what sees only the framework's request: middleware, the trail of refusals."""
    vars(request._request)["actor"] = actor


def _flag_token_in_url(request: Request) -> None:
    """A token in an address ends up in logs and histories: it counts for nothing there, and its owner should know."""
    for name, values in request._request.GET.lists():
        for value in values:
            if value.startswith(TOKEN_START) or name.lower() in TOKEN_PARAMETERS:
                token = find_token(value)
                record_refusal(
                    actor=None,
                    action="auth.token_in_url",
                    reason="A token was sent in an address. Replace it: addresses are logged." if token else "",
                    target_type="token",
                    target_id=token.id if token is not None else "",
                    team_id=token.team_id or "" if token is not None else "",
                    ip=address_of(request.META),
                    request_id=_request_id(request),
                )
                return


def _refused(request: Request, action: str, reason: str) -> None:
    record_refusal(
        actor=None, action=action, reason=reason, ip=address_of(request.META), request_id=_request_id(request)
    )


def _request_id(request: Any) -> str:
    return str(getattr(request._request, "request_id", ""))
