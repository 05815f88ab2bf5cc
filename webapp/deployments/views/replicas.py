"""Pages of a replica: what it is, how it is, its log; restart, stop, start it alone."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render

from webapp.deployments import services
from webapp.deployments.addresses import addresses
from webapp.deployments.board.acts import may_ask
from webapp.deployments.models import Replica
from webapp.deployments.views.deployments import emergency_of
from webapp.page import PageRequest, find, look, verb
from webapp.teams.policy import Action, actions_in

CHANGES = {
    "restart": services.restart,
    "stop": services.stop,
    "start": services.start,
    "duplication": services.duplicate,
    "deletion": services.delete_replica,
}


@look
def show(request: PageRequest, id: str) -> HttpResponse:
    """What it is and what it says."""
    return render(request, "replicas/show.html", _facts(request, id))


@look
def part(request: PageRequest, id: str) -> HttpResponse:
    """How it is now."""
    return render(request, "replicas/part.html", _facts(request, id))


@verb
def move_away(request: PageRequest, id: str) -> HttpResponse:
    """Move what its service runs on its host away from there."""
    replica = _load(request, id)
    made = services.evacuate(
        actor=request.actor, service=replica.service, environment=replica.environment, host=replica.host
    )
    return redirect("deployment", made.id)


@verb
def change(request: PageRequest, id: str, kind: str) -> HttpResponse:
    """Restart, stop, start, duplicate or delete this one: a deployment like any other."""
    replica = _load(request, id)
    made = CHANGES[kind](
        actor=request.actor,
        service=replica.service,
        environment=replica.environment,
        replica=replica,
        emergency=emergency_of(request),
        queue=True,
    )
    return redirect("deployment", made.id)


def _load(request: PageRequest, id: str) -> Replica:
    rows = Replica.objects.visible_to(request.actor).select_related(
        "service__project__team", "environment", "release__build", "host", "log"
    )
    replica: Replica = find(rows, id)
    return replica


def _facts(request: PageRequest, id: str) -> dict[str, Any]:
    replica = _load(request, id)
    project = replica.service.project
    allowed = actions_in(request.actor, project.team_id, project_id=project.id)
    unheard = replica.host.state in ("unknown", "engine_down", "revoked")
    changes = may_ask(allowed, replica.environment) and replica.desired != "gone"
    return {
        "replica": replica,
        "project": project,
        "settings": replica.release.settings,
        "addresses": addresses(replica.release.settings, replica.host.edge),
        "kinds": (["start"] if replica.desired == "stopped" else ["restart", "stop"]) if changes else [],
        "changes": changes,
        "enters": (Action.ENTER_PROTECTED if replica.environment.protected else Action.ENTER) in allowed,
        "unheard": unheard,
        # A host that is heard lists what it has every few seconds; the row changes only when that is another.
        "seen_at": replica.observed_at if unheard or not replica.container else replica.host.last_heard_at,
    }
