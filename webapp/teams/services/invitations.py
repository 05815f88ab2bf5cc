"""Offers of a role: to one named person, or to somebody new, who makes an account by it."""

import secrets
from datetime import timedelta

from django.db import transaction
from django.utils.timezone import now

from webapp import checks
from webapp.audit.services import record
from webapp.problems import Conflicting, Missing, Spent
from webapp.sealing import digest
from webapp.teams.guards import require_administer, require_person, require_role_within
from webapp.teams.models import Invitation, Membership, Team, User
from webapp.teams.policy import ROLE_ORDER, Action, Actor, actions_in, actor_for_user
from webapp.teams.services.users import open_account

CODE_BYTES = 32
VALID_DAYS = 7
MAX_OPEN = 100
MAX_USERNAME = 150


def invite(*, actor: Actor, team: Team, role: str, username: str = "") -> tuple[Invitation, str]:
    """An offer, and its code, which is told this once; good once, within a week.

    With a name only that person can open it, and it is not said whether there is such a person. Without one whoever
    has the code can, and may make an account by it.
    """
    require_administer(actor, team)
    inviter = require_person(actor)
    require_role_within(actor, team, role)
    username = checks.title(username, field="username", limit=MAX_USERNAME) if username else ""
    code = f"slwi_{secrets.token_urlsafe(CODE_BYTES)}"
    with transaction.atomic():
        Team.objects.select_for_update().get(id=team.id)
        _require_room(team, username)
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


def find_invitation(*, code: str) -> Invitation:
    """The offer behind a code, for whoever brings it: `Missing` when there is none, `Spent` when it is over."""
    invitation = Invitation.objects.select_related("team", "created_by").filter(digest=digest(code)).first()
    if invitation is None:
        raise Missing(code="invite.missing", detail="There is no such invitation.")
    _require_good(invitation)
    return invitation


def accept_invitation(*, actor: Actor, code: str) -> Membership:
    """Become a member. 404 for anybody but the invited, 410 when it was used, is too old, or lost its ground.

    One that names nobody is not spent by who is a member already: 409.
    """
    person = require_person(actor)
    with transaction.atomic():
        invitation = _locked(code, username=person.username)
        membership, made = Membership.objects.get_or_create(
            team=invitation.team, user=person, defaults={"role": invitation.role}
        )
        if not made and not invitation.username:
            raise Conflicting(code="member.already", detail=f"You are a member of {invitation.team.name} already.")
        _spend(invitation)
        _record(actor, "member.joined" if made else "invite.spent", invitation, who=person.username)
    return membership


def join_as_new(*, code: str, username: str, password: str, ip: str, request_id: str) -> User:
    """Make an account by an invitation that names nobody, and be in its team. Else as `accept_invitation`."""
    with transaction.atomic():
        invitation = _locked(code, username="")
        user = User(username=username)
        open_account(user=user, password=password)
        Membership.objects.create(team=invitation.team, user=user, role=invitation.role)
        _spend(invitation)
        actor = actor_for_user(user, ip=ip, request_id=request_id)
        record(
            actor=actor,
            action="user.created",
            target_type="user",
            target_id=user.id,
            target=username,
            after={"username": username, "invited_by": invitation.created_by.username},
        )
        _record(actor, "member.joined", invitation, who=username)
    return user


def withdraw_invitation(*, actor: Actor, invitation: Invitation) -> None:
    """Take an offer back. One that was accepted stays as history: 409."""
    require_administer(actor, invitation.team)
    with transaction.atomic():
        gone, _ = Invitation.objects.filter(id=invitation.id, accepted_at=None).delete()
        if not gone:
            raise Conflicting(code="invite.accepted", detail="This invitation was accepted. Remove the member instead.")
        _record(actor, "invite.withdrawn", invitation)


def _require_room(team: Team, username: str) -> None:
    if username and Membership.objects.filter(team=team, user__username=username).exists():
        raise Conflicting(code="member.already", detail=f"{username} is a member of this team already.")
    if Invitation.objects.filter(team=team, accepted_at=None, expires_at__gt=now()).count() >= MAX_OPEN:
        raise Conflicting(code="invite.too_many", detail=f"{MAX_OPEN} invitations are open. Withdraw some first.")


def _locked(code: str, *, username: str) -> Invitation:
    """The good offer to this person, or to nobody by name; nobody else spends it meanwhile."""
    invitation = (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("team", "created_by")
        .filter(digest=digest(code), username__in={username, ""})
        .first()
    )
    if invitation is None:
        raise Missing(code="invite.missing", detail="There is no such invitation for you.")
    _require_good(invitation)
    return invitation


def _spend(invitation: Invitation) -> None:
    """Once: of two who are here at the same time one is refused, also where the database locks no rows."""
    if not Invitation.objects.filter(id=invitation.id, accepted_at=None).update(accepted_at=now()):
        raise _over()


def _require_good(invitation: Invitation) -> None:
    if invitation.accepted_at is not None or invitation.expires_at <= now() or not _still_meant(invitation):
        raise _over()


def _over() -> Spent:
    return Spent(code="invite.spent", detail="This invitation is no longer good. Ask for a new one.")


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


def _record(actor: Actor, action: str, invitation: Invitation, *, who: str = "") -> None:
    record(
        actor=actor,
        action=action,
        target_type="invitation",
        target_id=invitation.id,
        target=who or invitation.username or "somebody new",
        team_id=invitation.team_id,
        after={"role": invitation.role},
    )
