"""Pages of a replica's files: what changed in them."""

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render

from runtime.contract import states
from webapp.deployments.models import Replica
from webapp.page import PageRequest, find, look, page, verb
from webapp.snapshots import services
from webapp.snapshots.entering import require_entry
from webapp.snapshots.forms import ImageOfReplica
from webapp.snapshots.models import Comparison
from webapp.snapshots.suspicious import looks_secret
from webapp.teams.policy import Action, may, require

A_PAGE = 200
MAX_QUERY = 200
LONGEST_START = 35  # of an image's short name
KINDS = ("added", "changed", "deleted")
ORDERS = ("path", "size")


@look
def files(request: PageRequest, id: str) -> HttpResponse:
    """What is not as in its image, as it was when somebody looked last."""
    return render(request, "snapshots/files.html", _facts(request, load(request, id)))


@look
def part(request: PageRequest, id: str) -> HttpResponse:
    """The same as it is now."""
    return render(request, "snapshots/part.html", _facts(request, load(request, id)))


@verb
def compare(request: PageRequest, id: str) -> HttpResponse:
    """Look now."""
    services.compare(actor=request.actor, replica=load(request, id))
    return redirect("replica_files", id)


@page
def image(request: PageRequest, id: str) -> HttpResponse:
    """What would be in an image of it, and the form that makes one."""
    actor, replica = request.actor, load(request, id)
    project = replica.service.project
    require(actor, Action.DEFINE, project)
    require(actor, Action.BUILD, project)
    first = {"slug": f"{replica.service.slug[:LONGEST_START]}-kept", "author": actor.label}
    form = ImageOfReplica(request.POST or None, initial=first)
    if request.method == "POST":
        build = form.attempt(lambda: services.make_image(actor=actor, replica=replica, **form.cleaned_data))
        if build is not None:
            return redirect("build", build.id)
    found = latest(replica)
    looked = found if found is not None and found.state == "succeeded" else None
    shown = {"replica": replica, "project": project, "form": form, "comparison": looked, "there": _is_there(replica)}
    shown["suspicious"] = [change["path"] for change in _marked(looked) if change["secret_like"]]
    return render(request, "snapshots/image.html", shown, status=form.status)


def load(request: PageRequest, id: str) -> Replica:
    """The replica, if the actor may see and enter it."""
    rows = Replica.objects.visible_to(request.actor)
    replica: Replica = find(
        rows.select_related("service__project__team", "environment", "release__build__image", "host"), id
    )
    require_entry(request.actor, replica)
    return replica


def latest(replica: Replica) -> Comparison | None:
    """The last look at the container that it has now."""
    return Comparison.objects.filter(replica=replica, container=replica.container).select_related("log").first()


def _is_there(replica: Replica) -> bool:
    return bool(replica.container) and replica.desired != "gone"


def _may_make(request: PageRequest, replica: Replica) -> bool:
    return all(may(request.actor, action, replica.service.project) for action in (Action.DEFINE, Action.BUILD))


def _facts(request: PageRequest, replica: Replica) -> dict[str, Any]:
    found = latest(replica)
    kind, words = request.GET.get("kind", ""), request.GET.get("q", "")[:MAX_QUERY]
    order = request.GET.get("order", "")
    order = order if order in ORDERS else ORDERS[0]
    changes = _chosen(found, kind=kind, words=words, order=order) if found is not None else []
    return {
        "replica": replica,
        "project": replica.service.project,
        "comparison": found,
        "under_way": found is not None and not states.is_terminal(states.JOB, found.state),
        "there": _is_there(replica),
        "makes": _may_make(request, replica),
        "rows": Paginator(changes, A_PAGE).get_page(request.GET.get("page")),
        "kind": kind,
        "kinds": KINDS,
        "words": words,
        "order": order,
        "asked": request.GET.urlencode(),
        "more": _rest(kind=kind, q=words, order=order),
    }


def _rest(**asked: str) -> str:
    """What is asked for beside the page, to be added to a query."""
    return "&" + urlencode(asked) if any(asked.values()) else ""


def _chosen(found: Comparison, *, kind: str, words: str, order: str) -> list[dict[str, Any]]:
    """The changes of this kind whose path holds these words, in the order that was asked for."""
    changes = [
        change for change in _marked(found) if kind in ("", change["kind"]) and words.lower() in change["path"].lower()
    ]
    return sorted(changes, key=lambda change: -(change["size"] or 0)) if order == "size" else changes


def _marked(found: Comparison | None) -> list[dict[str, Any]]:
    """The changes, with a mark at what looks like a secret and is there."""
    changes = found.changes if found is not None else []
    return [
        change | {"secret_like": change["kind"] != "deleted" and looks_secret(change["path"])} for change in changes
    ]
