"""Offers of a role to one named person."""

import secrets
from datetime import timedelta

from django.db import transaction
from django.utils.timezone import now

from webapp import checks
from webapp.audit.services import record
from webapp.problems import Conflicting, Missing, Spent
from webapp.sealing import digest
from webapp.teams.guards import require_administer, require_person, require_role_within
from webapp.teams.models import Invitation, Membership, Team
from webapp.teams.policy import ROLE_ORDER, Action, Actor, actions_in, actor_for_user

CODE_BYTES = 32
VALID_DAYS = 7
MAX_OPEN = 100
MAX_USERNAME = 150


def invite(*, actor: Actor, team: Team, username: str, role: str) -> tuple[Invitation, str]:
    """An offer, and its code, which is told this once. Only the named person can open it, once, within a week.

    It is not said whether there is such a person: the account may be made later.
    """
    require_administer(actor, team)
    inviter = require_person(actor)
    require_role_within(actor, team, role)
    username = checks.title(username, field="username", limit=MAX_USERNAME)
    code = f"slwi_{secrets.token_urlsafe(CODE_BYTES)}"
    with transaction.atomic():
        Team.objects.select_for_update().get(id=team.id)
        if Membership.objects.filter(team=team, user__username=username).exists():
            raise Conflicting(code="member.already", detail=f"{username} is a member of this team already.")
        if Invitation.objects.filter(team=team, accepted_at=None, expires_at__gt=now()).count() >= MAX_OPEN:
            raise Conflicting(code="invite.too_many", detail=f"{MAX_OPEN} invitations are open. Withdraw some first.")
        invitation = Invitation.objects.create(
            team=team,
            username=username,
            role=role,
            digest=digest(code),
            created_by=inviter,
            expires_at=now() + timedelta(days=VALID_DAYS),
        )
        _record(actor, "member.invited", invitation)
    return invitation, code


def accept_invitation(*, actor: Actor, code: str) -> Membership:
    """Become a member. 404 for anybody but the invited, 410 when it was used, is too old, or lost its ground."""
    person = require_person(actor)
    with transaction.atomic():
        invitation = (
            Invitation.objects.select_for_update(of=("self",))
            .select_related("team", "created_by")
            .filter(digest=digest(code), username=person.username)
            .first()
        )
        if invitation is None:
            raise Missing(code="invite.missing", detail="There is no such invitation for you.")
        if invitation.accepted_at is not None or invitation.expires_at <= now() or not _still_meant(invitation):
            raise Spent(code="invite.spent", detail="This invitation is no longer good. Ask for a new one.")
        membership, made = Membership.objects.get_or_create(
            team=invitation.team, user=person, defaults={"role": invitation.role}
        )
        Invitation.objects.filter(id=invitation.id).update(accepted_at=now())
        _record(actor, "member.joined" if made else "invite.spent", invitation)
    return membership


def withdraw_invitation(*, actor: Actor, invitation: Invitation) -> None:
    """Take an offer back. One that was accepted stays as history: 409."""
    require_administer(actor, invitation.team)
    with transaction.atomic():
        gone, _ = Invitation.objects.filter(id=invitation.id, accepted_at=None).delete()
        if not gone:
            raise Conflicting(code="invite.accepted", detail="This invitation was accepted. Remove the member instead.")
        _record(actor, "invite.withdrawn", invitation)


def _still_meant(invitation: Invitation) -> bool:
    """Whoever invited must still be able to: rights are asked when they are used."""
    inviter = invitation.created_by
    if not inviter.is_active:
        return False
    if inviter.is_superuser:
        return True
    now_is = actor_for_user(inviter)
    if Action.ADMINISTER not in actions_in(now_is, invitation.team_id):
        return False
    return ROLE_ORDER.index(invitation.role) <= ROLE_ORDER.index(now_is.roles[invitation.team_id])


def _record(actor: Actor, action: str, invitation: Invitation) -> None:
    record(
        actor=actor,
        action=action,
        target_type="invitation",
        target_id=invitation.id,
        target=invitation.username,
        team_id=invitation.team_id,
        after={"role": invitation.role},
    )
