"""A machine becomes a host: somebody here makes a one-time code, and the machine brings it with a key of its own."""

import secrets
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import transaction

from runtime.contract.enrollment import KEY_BYTES, SIGNATURE_BYTES, enrollment_words, read_bytes
from webapp.audit.services import record_of
from webapp.hosts import doorbells
from webapp.hosts.models import Enrollment, Host
from webapp.hosts.services.credentials import new_credential, reserve
from webapp.hosts.services.managing import may_operate, require_operator_of
from webapp.problems import Conflicting, Forbidden, Invalid, Missing, Spent
from webapp.sealing import digest
from webapp.teams.models import Team
from webapp.teams.policy import SYSTEM, Action, Actor, actions_in, actor_for_user

CODE_BYTES = 24
VALID_MINUTES = 15
PASSWORD_BYTES = 32


@dataclass(frozen=True)
class Code:
    """Told this once."""

    text: str
    expires_at: datetime


@dataclass(frozen=True)
class Redeemed:
    """What the machine is told, once. `broker` is a Redis URL."""

    host: Host
    credential: str
    broker: str
    own_doorbell: bool


def invite(
    *, actor: Actor, name: str, now: datetime, every_team: bool = False, teams: Sequence[Team] = ()
) -> tuple[Host, Code]:
    """A host that awaits its machine, and the code for it.

    A site admin may, and an operator of all the teams that it shall serve, when these are named.
    """
    if every_team and teams:
        raise Invalid({"teams": ["Either every team, or a list of teams."]})
    if not _may_invite(actor, teams, every_team=every_team):
        raise Forbidden(
            code="authz.denied",
            detail="Only a site admin may do this, or an operator of every team that the host shall serve.",
        )
    with transaction.atomic():
        # Orders may wait for a revoked host, of teams that are not the operator's.
        host = reserve(name, again=actor.site_admin or actor.is_system)
        host.every_team, host.awaited, host.removed = every_team, True, False
        host.save()
        host.teams.set(teams)
        after = {"every_team": every_team, "teams": sorted(team.slug for team in teams)}
        record_of(None, actor=actor, action="host.invited", target=("host", host.id, host.name), after=after)
        return host, _code(actor, host, now)


def teams_to_serve(actor: Actor) -> list[Team]:
    """The teams for which the actor may bring a host."""
    teams = list(Team.objects.visible_to(actor))
    return teams if actor.site_admin else [team for team in teams if _may_invite(actor, [team], every_team=False)]


def make_code(*, actor: Actor, host: Host, now: datetime) -> Code:
    """A code by which a machine takes this host's place, or the same machine starts anew. The one before is void; the
    host goes on as it is until the code is used.

    A site admin may, and an operator of a team when the host serves no other team.
    """
    require_operator_of(actor, host)
    with transaction.atomic():
        current = Host.objects.select_for_update().get(id=host.id)
        if not current.credential_digest and not current.awaited:
            raise Conflicting(code="host.revoked", detail=f"Host {host.name} was revoked. Enroll it by its name again.")
        return _code(actor, current, now)


def redeem(*, code: str, key: str, signature: str, ip: str, now: datetime) -> Redeemed:
    """The machine with this key is the host from now on. What had been it before is not believed any more.

    Raises `Missing` for no code of ours, `Spent` for one that is used, too old, or made by somebody who might not do
    so any more, `Invalid` for a key that was not there to sign, `Unavailable` when Redis is away: the code stays good.
    """
    row = Enrollment.objects.select_related("host", "created_by").filter(digest=digest(code)).first()
    if row is None:
        raise Missing(code="enrollment.missing", detail="There is no such code. Copy the whole command from the page.")
    if row.used_at is not None or row.expires_at <= now or not _still_meant(row):
        raise _over()
    _require_signed(code, key, signature)
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    own_doorbell = doorbells.give(row.host, digest(password))
    with transaction.atomic():
        if not Enrollment.objects.filter(id=row.id, used_at=None).update(used_at=now):
            raise _over()
        host = Host.objects.select_for_update().get(id=row.host_id)
        credential, host.credential_digest = new_credential(host)
        host.public_key, host.awaited, host.connected = key, False, False
        host.doorbell_digest = digest(password) if own_doorbell else ""
        host.save()
        by = row.created_by.username if row.created_by is not None else SYSTEM.label
        after = {"key": fingerprint(key), "code_of": by, "own_doorbell": own_doorbell}
        target = ("host", host.id, host.name)
        record_of(None, actor=replace(SYSTEM, ip=ip), action="host.enrolled", target=target, after=after)
    broker = doorbells.address(host, password if own_doorbell else None)
    return Redeemed(host=host, credential=credential, broker=broker, own_doorbell=own_doorbell)


def fingerprint(key: str) -> str:
    """By which people compare keys: SHA-256 of the raw key, hex, shortened to what can be read aloud."""
    return digest(key)[:16]


def is_signed(*, key: str, signature: bytes, words: bytes) -> bool:
    """Were these words signed with the private part of this key?"""
    try:
        Ed25519PublicKey.from_public_bytes(b64decode(key)).verify(signature, words)
    except (InvalidSignature, ValueError):
        return False
    return True


def _may_invite(actor: Actor, teams: Sequence[Team], *, every_team: bool) -> bool:
    if actor.site_admin or actor.is_system:
        return True
    return not every_team and bool(teams) and all(Action.OPERATE in actions_in(actor, team.id) for team in teams)


def _code(actor: Actor, host: Host, now: datetime) -> Code:
    """Earlier codes that nobody used are void."""
    Enrollment.objects.filter(host=host, used_at=None).delete()
    code = Code(f"sle_{secrets.token_urlsafe(CODE_BYTES)}", now + timedelta(minutes=VALID_MINUTES))
    made = Enrollment(host=host, digest=digest(code.text), created_by_id=actor.person_id(), expires_at=code.expires_at)
    made.save()
    record_of(None, actor=actor, action="host.code_made", target=("host", host.id, host.name))
    return code


def _still_meant(row: Enrollment) -> bool:
    """Whoever made the code must still be able to: rights are asked when they are used."""
    if row.created_by is None:
        return True
    return row.created_by.is_active and may_operate(actor_for_user(row.created_by), row.host)


def _over() -> Spent:
    return Spent(
        code="enrollment.spent",
        detail=f"This code is no longer good: it is good once, for {VALID_MINUTES} minutes. Make a new one on the "
        "host's page.",
    )


def _require_signed(code: str, key: str, signature: str) -> None:
    raw, signed = read_bytes(key, length=KEY_BYTES), read_bytes(signature, length=SIGNATURE_BYTES)
    if raw is None or signed is None or not is_signed(key=key, signature=signed, words=enrollment_words(code=code)):
        raise Invalid({"signature": ["The code, signed with the private part of the key."]})
