"""The verbs of WHERE: enroll a host, know it again, note what it says, drain, restrict, revoke it."""

import hmac
import secrets
import time
from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.timezone import now

from runtime.contract.link import DiskHeld, EngineFacts
from runtime.contract.message import whole
from webapp import checks
from webapp.audit.services import Target, record_of
from webapp.hosts.models import Host
from webapp.problems import Conflicting, Forbidden, Invalid
from webapp.sealing import digest
from webapp.teams.models import Team
from webapp.teams.policy import Action, Actor, actions_in, require_site_admin

PREFIX = "slh"
SECRET_BYTES = 32
MAX_CREDENTIAL_CHARACTERS = 200
MAX_BUILD_SLOTS = 64
MAX_CONCURRENCY = 1000
MAX_SKEW_MS = 2**31 - 1
NOTHING = "0" * 64  # compared with when there is no such host, so that both take the same time


def enroll(*, actor: Actor, name: str, every_team: bool = False) -> tuple[Host, str]:
    """A new host and its credential, which is told this once. A name that was revoked may be enrolled again."""
    require_site_admin(actor)
    checks.slug(name, field="name")
    try:
        with transaction.atomic():
            host = Host.objects.select_for_update().filter(name=name, credential_digest="").first()
            host = host or Host(name=name)
            return host, _give_credential(actor, host, every_team=every_team, action="host.enrolled")
    except IntegrityError as error:
        raise Conflicting(code="host.taken", detail=f"There is a host {name} already.") from error


def renew_credential(*, actor: Actor, host: Host) -> str:
    """A new credential; the one before is worth nothing from now on."""
    require_site_admin(actor)
    with transaction.atomic():
        current = Host.objects.select_for_update().get(id=host.id)
        return _give_credential(actor, current, every_team=current.every_team, action="host.credential_renewed")


def find_host(credential: str) -> Host | None:
    """The host with this credential, or None. Takes the same time for a wrong secret and for no such host."""
    parts = credential.split("_", 2) if len(credential) <= MAX_CREDENTIAL_CHARACTERS else []
    kind, host_id, secret = parts if len(parts) == len(("slh", "host", "secret")) else ("", "", "")
    host = Host.objects.filter(id=host_id).first() if host_id.isprintable() else None
    kept = host.credential_digest if host is not None and host.credential_digest else NOTHING
    fits = hmac.compare_digest(kept, digest(secret))
    return host if fits and kind == PREFIX and kept != NOTHING else None


def heard(
    *,
    host: Host,
    facts: EngineFacts | None,
    engine_answers: bool,
    clock_ns: int,
    version: str,
    connected: bool,
    link: str | None = None,
    concurrency: int | None = None,
    address: str | None = None,
) -> None:
    """Note what a host said of itself just now; what is None stays as it is known."""
    skew = max(-MAX_SKEW_MS, min(MAX_SKEW_MS, (clock_ns - time.time_ns()) // 1_000_000))
    changes: dict[str, object] = {
        "engine_answers": engine_answers,
        "clock_skew_ms": skew,
        "version": version[:40],
        "connected": connected,
        "last_heard_at": now(),
    }
    if facts is not None:
        changes["facts"] = whole(facts)
    if link is not None:
        changes["link"] = link
    if concurrency is not None:
        changes["concurrency"] = max(0, min(concurrency, MAX_CONCURRENCY))
    if address is not None:
        changes["address"] = address
    Host.objects.filter(id=host.id).exclude(credential_digest="").update(**changes)


def told_disk(*, host: Host, said: DiskHeld, now: datetime) -> None:
    """Note how many bytes its engine holds, as it counted them just now."""
    Host.objects.filter(id=host.id).update(disk_use={**whole(said), "told_at": now.isoformat()})


def disconnected(*, host: Host, link: str) -> None:
    """Note that this link of the host has ended; when another has said hello since, the host is still connected."""
    Host.objects.filter(id=host.id, link=link).update(connected=False)


def set_drained(*, actor: Actor, host: Host, drained: bool) -> Host:
    """Take no new work, or take it again; what runs goes on. Done twice it changes nothing.

    A site admin may, and an operator of a team when the host serves no other team.
    """
    _require_operator_of(actor, host)
    with transaction.atomic():
        if Host.objects.filter(id=host.id, drained=not drained).update(drained=drained):
            record_of(None, actor=actor, action="host.drained" if drained else "host.undrained", target=_target(host))
    host.drained = drained
    return host


def restrict(*, actor: Actor, host: Host, every_team: bool, teams: Sequence[Team] = ()) -> Host:
    """Say whom the host serves: every team, or these. What runs there of others goes on until they take it away."""
    require_site_admin(actor)
    if every_team and teams:
        raise Invalid({"teams": ["Either every team, or a list of teams."]})
    with transaction.atomic():
        current = Host.objects.select_for_update().get(id=host.id)
        before = _serving(current)
        Host.objects.filter(id=host.id).update(every_team=every_team)
        current.teams.set(teams)
        current.every_team = every_team
        after = _serving(current)
        if before != after:
            record_of(None, actor=actor, action="host.restricted", target=_target(host), before=before, after=after)
    return current


def set_build_slots(*, actor: Actor, host: Host, build_slots: int) -> Host:
    """How many builds run there at once."""
    require_site_admin(actor)
    if not 0 <= build_slots <= MAX_BUILD_SLOTS:
        raise Invalid({"build_slots": [f"From 0 to {MAX_BUILD_SLOTS}."]})
    with transaction.atomic():
        current = Host.objects.select_for_update().get(id=host.id)
        if current.build_slots != build_slots:
            before: dict[str, object] = {"build_slots": current.build_slots}
            Host.objects.filter(id=host.id).update(build_slots=build_slots)
            record_of(
                None,
                actor=actor,
                action="host.build_slots_changed",
                target=_target(host),
                before=before,
                after={"build_slots": build_slots},
            )
    host.build_slots = build_slots
    return host


def revoke(*, actor: Actor, host: Host) -> Host:
    """Believe the host nothing any more. Done twice it changes nothing."""
    require_site_admin(actor)
    with transaction.atomic():
        changed = Host.objects.filter(id=host.id).exclude(credential_digest="")
        if changed.update(credential_digest="", connected=False):
            record_of(None, actor=actor, action="host.revoked", target=_target(host))
    host.credential_digest, host.connected = "", False
    return host


def may_drain(actor: Actor, host: Host) -> bool:
    """A site admin, or an operator of every team that the host serves."""
    if actor.site_admin or actor.is_system:
        return True
    if host.every_team:
        return False
    teams = [team.id for team in host.teams.all()]
    return bool(teams) and all(Action.OPERATE in actions_in(actor, team) for team in teams)


def _require_operator_of(actor: Actor, host: Host) -> None:
    if not may_drain(actor, host):
        raise Forbidden(
            code="authz.denied",
            detail="Only a site admin may do this, or an operator of every team that the host serves.",
        )


def _give_credential(actor: Actor, host: Host, *, every_team: bool, action: str) -> str:
    secret = secrets.token_urlsafe(SECRET_BYTES)
    host.credential_digest = digest(secret)
    host.every_team = every_team
    host.save()
    record_of(None, actor=actor, action=action, target=_target(host), after={"every_team": every_team})
    return f"{PREFIX}_{host.id}_{secret}"


def _serving(host: Host) -> dict[str, object]:
    return {"every_team": host.every_team, "teams": sorted(host.teams.values_list("slug", flat=True))}


def _target(host: Host) -> Target:
    return ("host", host.id, host.name)
