"""Who belongs to a team, and as what."""

from collections.abc import Mapping

from django.db import IntegrityError, transaction
from django.utils.timezone import now

from webapp.audit.services import record
from webapp.problems import Conflicting, Missing
from webapp.teams import rights
from webapp.teams.guards import (
    require_administer,
    require_another_owner,
    require_person,
    require_role_within,
)
from webapp.teams.models import Membership, Team, Token, User
from webapp.teams.policy import ROLE_ORDER, Actor


def add_member(*, actor: Actor, team: Team, user: User, role: str) -> Membership:
    """Make a person a member. Whoever is one already keeps the role they have: 409."""
    require_administer(actor, team)
    require_role_within(actor, team, role)
    try:
        with transaction.atomic():
            membership = Membership.objects.create(team=team, user=user, role=role)
            _record(actor, "member.added", membership, after={"role": role})
    except IntegrityError as error:
        raise Conflicting(code="member.already", detail=f"{user.username} is a member of this team already.") from error
    return membership


def change_role(*, actor: Actor, membership: Membership, role: str) -> Membership:
    """Another role for a member. The same role again changes nothing."""
    team = membership.team
    require_administer(actor, team)
    require_role_within(actor, team, role)
    with transaction.atomic():
        current = _locked(membership)
        require_role_within(actor, team, current.role)
        if current.role == role:
            return current
        require_another_owner(team, current)
        before, current.role = current.role, role
        Membership.objects.filter(id=current.id).update(role=role)
        revoked = _revoke_team_tokens(team, current.user_id, above=role)
        rights.lessened(current.user_id)
        _record(actor, "member.role_changed", current, before={"role": before}, after={"role": role, **revoked})
    return current


def remove_member(*, actor: Actor, membership: Membership) -> None:
    """End a membership: an owner does it, or the member leaves. Their sockets end within seconds."""
    team = membership.team
    if actor.user is not None and actor.user.id == membership.user_id:
        require_person(actor)
    else:
        require_administer(actor, team)
    with transaction.atomic():
        current = _locked(membership)
        require_another_owner(team, current)
        Membership.objects.filter(id=current.id).delete()
        revoked = _revoke_team_tokens(team, current.user_id, above=None)
        rights.lessened(current.user_id)
        _record(actor, "member.removed", current, before={"role": current.role}, after=revoked)


def _locked(membership: Membership) -> Membership:
    """The membership as it is now. The team's row is the lock, so that two owners cannot remove each other at once."""
    Team.objects.select_for_update().get(id=membership.team_id)
    current = Membership.objects.select_related("team", "user").filter(id=membership.id).first()
    if current is None:
        raise Missing(code="missing", detail="There is no such member (any more).")
    return current


def _revoke_team_tokens(team: Team, user_id: str, *, above: str | None) -> dict[str, int]:
    """Whoever made a team's token knows its secret: it ends with the role that allowed to make it."""
    kept = ROLE_ORDER[: ROLE_ORDER.index(above) + 1] if above is not None else ()
    tokens = Token.objects.filter(team=team, user__isnull=True, created_by_id=user_id, revoked_at__isnull=True)
    count = tokens.exclude(role__in=kept).update(revoked_at=now())
    return {"team_tokens_revoked": count} if count else {}


def _record(
    actor: Actor,
    action: str,
    membership: Membership,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    record(
        actor=actor,
        action=action,
        target_type="membership",
        target_id=membership.id,
        target=membership.user.username,
        team_id=membership.team_id,
        before=before,
        after=after,
    )
