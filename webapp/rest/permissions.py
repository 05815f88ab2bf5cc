"""The REST floor's own gate: whoever asks must be known. Rights are asked by the verbs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from webapp.problems import Forbidden
from webapp.teams.policy import Actor, Scope

if TYPE_CHECKING:
    from rest_framework.views import APIView


class Known(BasePermission):
    """A person or a program whom we know."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, Actor)


class KnownWell(Known):
    """As `Known`; of tokens only those with the scope admin. For what tells of credentials, secrets and people."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if isinstance(request.auth, Actor):
            require_full_scope(request.auth)
            return True
        return False


def require_full_scope(actor: Actor) -> None:
    """Raise `Forbidden` for a token that was cut down."""
    if actor.token is not None and Scope.ADMIN not in actor.token.scopes:
        raise Forbidden(code="token.scope", detail="This needs a token with the scope admin.")
