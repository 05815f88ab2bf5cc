"""Who may open a socket at all, asked before it is accepted; a refusal is HTTP 403.

A browser comes with its session's cookie and must be of this very origin: a cookie without an Origin, or with another
one, is refused. A program comes with a one-time ticket among the WebSocket protocols it offers, and with no cookie.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, parse_cookie
from django.http.request import validate_host

from webapp.audit.services import record_refusal
from webapp.live import credentials, tickets
from webapp.live.credentials import Credential
from webapp.problems import Forbidden, Unavailable
from webapp.teams.models import User

Scope = Mapping[str, Any]


def headers_of(scope: Scope) -> dict[str, str]:
    """Headers by name in lower case."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


async def admit(scope: Scope) -> tuple[Credential, str | None]:
    """The credential of who knocks, and the protocol to accept with. Raises `Forbidden`."""
    return await database_sync_to_async(_admit)(headers_of(scope), scope["path"], scope.get("subprotocols") or [])


def remember(scope: Scope, refusal: Forbidden, credential: Credential | None) -> None:
    """Audit who was refused a socket, and why."""
    record_refusal(
        actor=credentials.actor_of(credential) if credential is not None else None,
        action=refusal.code,
        reason=refusal.detail,
        target_type="socket",
        ip=str((scope.get("client") or [""])[0]),
    )


def _admit(headers: Mapping[str, str], path: str, offered: list[str]) -> tuple[Credential, str | None]:
    has_cookie = bool(headers.get("cookie"))
    if "origin" in headers and has_cookie and not is_same_origin(headers):
        raise Forbidden(code="ws.origin", detail="A socket with a cookie is opened from a page of this Slipway only.")
    if has_cookie and "origin" not in headers:
        raise Forbidden(code="ws.origin", detail="A cookie without an Origin is not believed.")
    protocol = next((word for word in offered if word.startswith(tickets.PROTOCOL_PREFIX)), None)
    credential = _of_ticket(protocol, path) if protocol is not None else _of_session(headers)
    if credential is None:
        raise Forbidden(code="ws.denied", detail="No session, and no ticket that is good for this path now.")
    return credential, protocol


def _of_ticket(protocol: str, path: str) -> Credential | None:
    try:
        return tickets.redeem(ticket=protocol.removeprefix(tickets.PROTOCOL_PREFIX), path=path)
    except Unavailable:
        return None


def _of_session(headers: Mapping[str, str]) -> Credential | None:
    key = parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME, "")
    if not key:
        return None
    request = HttpRequest()
    request.session = SessionStore(key)
    user = get_user(request)  # compares the session's hash with the password's, so an old password's session is none
    if not isinstance(user, User) or not user.is_active:
        return None
    return credentials.of_session(session_key=key, user=user)


def is_same_origin(headers: Mapping[str, str]) -> bool:
    """Whether the page that opens the socket came from where the socket goes, or from an origin that is trusted."""
    origin = headers.get("origin", "")
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return False
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return validate_host(host, settings.ALLOWED_HOSTS) and parts.netloc == headers.get("host", "")
