"""What people decide about a host: whether it takes work, whom it serves, how much it does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from webapp.audit.services import Target, record_of
from webapp.findings import Findings
from webapp.hosts.labels import clean_labels
from webapp.hosts.models import Host
from webapp.problems import Forbidden, Invalid
from webapp.teams.models import Team
from webapp.teams.policy import Action, Actor, actions_in, require_site_admin

MAX_BUILD_SLOTS = 64
MAX_CPUS = 4096.0
MAX_MEMORY = 64 * 1024**4
MAX_REPLICAS = 10_000


def set_drained(*, actor: Actor, host: Host, drained: bool) -> Host:
    """Take no new work, or take it again; what runs goes on. Done twice it changes nothing.

    A site admin may, and an operator of a team when the host serves no other team.
    """
    require_operator_of(actor, host)
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


@dataclass(frozen=True)
class Room:
    """What replicas may take of a host together, by their limits; None: no bound. `memory` in bytes."""

    cpus: float | None = None
    memory: int | None = None
    replicas: int | None = None


def set_labels(*, actor: Actor, host: Host, labels: object) -> Host:
    """Say what services may ask of a host that they are placed on. What runs there stays until its next deployment.

    A site admin may, and an operator of a team when the host serves no other team.
    """
    require_operator_of(actor, host)
    findings = Findings()
    clean = clean_labels(findings, labels, "labels")
    findings.settle()
    return _change(actor, host, "host.labels_changed", {"labels": clean})


def set_room(*, actor: Actor, host: Host, room: Room) -> Host:
    """Say how much may be placed there. What runs there already stays until its next deployment."""
    require_operator_of(actor, host)
    findings = Findings()
    fields: dict[str, Any] = {"max_cpus": None, "max_memory": None, "max_replicas": None}
    if room.cpus is not None:
        fields["max_cpus"] = findings.number(room.cpus, "max_cpus", low=0.0, high=MAX_CPUS)
    if room.memory is not None:
        fields["max_memory"] = findings.whole(room.memory, "max_memory", low=0, high=MAX_MEMORY)
    if room.replicas is not None:
        fields["max_replicas"] = findings.whole(room.replicas, "max_replicas", low=0, high=MAX_REPLICAS)
    findings.settle()
    return _change(actor, host, "host.room_changed", fields)


def set_build_slots(*, actor: Actor, host: Host, build_slots: int) -> Host:
    """How many builds run there at once."""
    require_site_admin(actor)
    if not 0 <= build_slots <= MAX_BUILD_SLOTS:
        raise Invalid({"build_slots": [f"From 0 to {MAX_BUILD_SLOTS}."]})
    return _change(actor, host, "host.build_slots_changed", {"build_slots": build_slots})


def may_operate(actor: Actor, host: Host) -> bool:
    """A site admin, or an operator of every team that the host serves."""
    if actor.site_admin or actor.is_system:
        return True
    if host.every_team:
        return False
    teams = [team.id for team in host.teams.all()]
    return bool(teams) and all(Action.OPERATE in actions_in(actor, team) for team in teams)


def require_operator_of(actor: Actor, host: Host) -> None:
    if not may_operate(actor, host):
        raise Forbidden(
            code="authz.denied",
            detail="Only a site admin may do this, or an operator of every team that the host serves.",
        )


def _change(actor: Actor, host: Host, action: str, fields: Mapping[str, Any]) -> Host:
    """Change what differs, and tell it; the same again is not told."""
    with transaction.atomic():
        current = Host.objects.select_for_update().get(id=host.id)
        before = {name: getattr(current, name) for name in fields}
        if before != fields:
            Host.objects.filter(id=host.id).update(**fields)
            record_of(None, actor=actor, action=action, target=_target(host), before=before, after=fields)
    for name, value in fields.items():
        setattr(host, name, value)
    return host


def _serving(host: Host) -> dict[str, object]:
    return {"every_team": host.every_team, "teams": sorted(host.teams.values_list("slug", flat=True))}


def _target(host: Host) -> Target:
    return ("host", host.id, host.name)
