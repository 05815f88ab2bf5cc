"""What people decide about a host: whether it takes work, whom it serves, how much it does."""

from collections.abc import Sequence

from django.db import transaction

from webapp.audit.services import Target, record_of
from webapp.hosts.models import Host
from webapp.problems import Forbidden, Invalid
from webapp.teams.models import Team
from webapp.teams.policy import Action, Actor, actions_in, require_site_admin

MAX_BUILD_SLOTS = 64


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


def _serving(host: Host) -> dict[str, object]:
    return {"every_team": host.every_team, "teams": sorted(host.teams.values_list("slug", flat=True))}


def _target(host: Host) -> Target:
    return ("host", host.id, host.name)
