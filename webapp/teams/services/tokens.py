"""Credentials for programs."""

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now

from webapp import checks
from webapp.audit.services import record
from webapp.problems import Conflicting, Forbidden, Invalid
from webapp.sealing import digest
from webapp.teams import rights
from webapp.teams.guards import require_administer, require_person, require_role_within
from webapp.teams.models import Project, Role, Team, Token, User
from webapp.teams.policy import Actor, Scope, actions_in

PREFIX_BYTES = 5  # 10 characters
SECRET_BYTES = 32
MAX_TOKEN_CHARACTERS = 200
MAX_LIVE = 100
TOUCH_SECONDS = 60
NOTHING = "0" * 64  # compared with when there is no such prefix, so that both take the same time


def create_token(
    *,
    actor: Actor,
    name: str,
    scopes: Sequence[str],
    user: User | None = None,
    team: Team | None = None,
    role: str = "",
    project: Project | None = None,
    expires_at: datetime | None = None,
) -> tuple[Token, str]:
    """A token and its secret, which is told this once.

    With `user` it is that person's own, narrowed to `team` or `project` if given; else the team's, with `role`.
    A token never makes one that lives longer than itself.
    """
    if user is not None:
        maker = _guard_own(actor, user, team, project, role)
    else:
        maker = _guard_team(actor, team, project, role)
    name = checks.title(name)
    kept = _scopes(scopes)
    _check_expiry(actor, expires_at)
    prefix, secret = secrets.token_hex(PREFIX_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    with transaction.atomic():
        _check_count(user, team)
        token = Token.objects.create(
            name=name,
            prefix=prefix,
            digest=digest(secret),
            user=user,
            team=team,
            role=role,
            scopes=kept,
            project=project,
            created_by=maker,
            expires_at=expires_at,
        )
        _record(actor, "token.created", token)
    return token, f"slw_{prefix}_{secret}"


def revoke_token(*, actor: Actor, token: Token) -> None:
    """End a token. Done twice it changes nothing."""
    if token.user_id is not None:
        if actor.user is None or (actor.user.id != token.user_id and not actor.site_admin):
            raise Forbidden(code="authz.denied", detail="Only its person, or a site admin, may revoke this token.")
        require_person(actor)
    elif token.team is not None:
        require_administer(actor, token.team)
    with transaction.atomic():
        if Token.objects.filter(id=token.id, revoked_at=None).update(revoked_at=now()):
            if token.user_id is not None:
                rights.lessened(token.user_id)
            _record(actor, "token.revoked", token)


def find_token(secret: str) -> Token | None:
    """The live token with this secret, or None. Takes the same time for a wrong secret and for no such prefix."""
    parts = secret.split("_", 2) if len(secret) <= MAX_TOKEN_CHARACTERS else []
    kind, prefix, rest = parts if len(parts) == len(("slw", "prefix", "secret")) else ("", "", "")
    known = Token.objects.select_related("user", "team", "project__team", "created_by").filter(prefix=prefix).first()
    fits = hmac.compare_digest(known.digest if known is not None else NOTHING, digest(rest))
    if known is None or not fits or kind != "slw" or not known.is_live():
        return None
    stale = now() - timedelta(seconds=TOUCH_SECONDS)
    if known.last_used_at is None or known.last_used_at < stale:
        Token.objects.filter(Q(last_used_at=None) | Q(last_used_at__lt=stale), id=known.id).update(last_used_at=now())
    return known


def _guard_own(actor: Actor, user: User, team: Team | None, project: Project | None, role: str) -> User:
    if not actor.is_system and require_person(actor).id != user.id:
        raise Forbidden(code="authz.denied", detail="Everybody makes their own tokens.")
    if role:
        raise Invalid({"role": ["A person's token has that person's role. Only a team's token has one of its own."]})
    _check_binding(team, project)
    where = team.id if team is not None else project.team_id if project is not None else None
    if where is not None and not user.memberships.filter(team=where).exists():
        raise Forbidden(code="authz.denied", detail="You are no member of that team.")
    return user


def _guard_team(actor: Actor, team: Team | None, project: Project | None, role: str) -> User:
    if team is None:
        raise Invalid({"team": ["A token belongs to a person or to a team."]})
    require_administer(actor, team)
    maker = require_person(actor)
    if role not in Role.values:
        raise Invalid({"role": [f"A team's token needs one of {', '.join(Role.values)}."]})
    if not actions_in(actor, team.id):
        raise Forbidden(code="team.denied", detail="Only an owner makes a team's token.")
    require_role_within(actor, team, role)
    _check_binding(team, project)
    return maker


def _check_binding(team: Team | None, project: Project | None) -> None:
    if team is not None and project is not None and project.team_id != team.id:
        raise Invalid({"project": ["This project is of another team."]})


def _scopes(scopes: Sequence[str]) -> list[str]:
    kept = sorted(set(scopes))
    if not kept or not set(kept) <= {scope.value for scope in Scope}:
        raise Invalid({"scopes": [f"One or more of {', '.join(scope.value for scope in Scope)}."]})
    return kept


def _check_expiry(actor: Actor, expires_at: datetime | None) -> None:
    if expires_at is not None and expires_at <= now():
        raise Invalid({"expires_at": ["This is in the past."]})
    limit = actor.token.expires_at if actor.token is not None else None
    if limit is not None and (expires_at is None or expires_at > limit):
        raise Forbidden(code="token.scope", detail="A token makes none that outlives it. Give an earlier expires_at.")


def _check_count(user: User | None, team: Team | None) -> None:
    bearer = Q(user=user) if user is not None else Q(user=None, team=team)
    live = Token.objects.filter(bearer, revoked_at=None).exclude(expires_at__lte=now())
    if live.count() >= MAX_LIVE:
        raise Conflicting(code="token.too_many", detail=f"{MAX_LIVE} tokens are live. Revoke some first.")


def _record(actor: Actor, action: str, token: Token) -> None:
    record(
        actor=actor,
        action=action,
        target_type="token",
        target_id=token.id,
        target=token.name,
        team_id=token.team_id or (token.project.team_id if token.project is not None else ""),
        project_id=token.project_id or "",
        after={"scopes": token.scopes, "role": token.role, "expires_at": token.expires_at},
    )
