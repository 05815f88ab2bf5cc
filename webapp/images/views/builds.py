"""Pages of a build: steps, log, layers, definition; cancel and retry."""

from statistics import median
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render

from runtime.contract import states
from webapp.holdings.models import Holding
from webapp.hosts.models import Host
from webapp.images import services
from webapp.images.containers import Containers
from webapp.images.expiry import said_of
from webapp.images.folding import Stretch, stretches
from webapp.images.insight.ending import how_it_ended
from webapp.images.insight.showing import insight, previous
from webapp.images.models import Build
from webapp.images.placing import builders
from webapp.images.pulled import pulled
from webapp.images.waiting import why_waiting
from webapp.page import PageRequest, find, look, verb
from webapp.teams.policy import Action, may

SHOWN_HOSTS = 20  # that hold the image
EVIDENCE_LINES = 15  # the rest is in the log below
MENDED_THERE = {"base_unreachable"}  # by another definition, though it is not its fault
USUAL_OF = 10  # the last builds that succeeded say how long one usually takes


@look
def show(request: PageRequest, id: str) -> HttpResponse:
    """How it goes, what it said, what it made."""
    build = _load(request, id)
    facts = _facts(request, build)
    facts["revision"] = build.image.revisions.filter(number=build.revision).defer("source", "build").first()
    facts["former"] = facts["insight"].before if facts["insight"] is not None else previous(build)
    return render(request, "builds/show.html", facts)


@look
def part(request: PageRequest, id: str) -> HttpResponse:
    """What lives of it."""
    return render(request, "builds/live.html", _facts(request, _load(request, id)))


@verb
def cancel(request: PageRequest, id: str) -> HttpResponse:
    """Stop it."""
    build = _load(request, id)
    services.cancel_build(actor=request.actor, build=build)
    return redirect("build", build.id)


@verb
def retry(request: PageRequest, id: str, containers: Containers) -> HttpResponse:
    """The very same again."""
    again = services.retry_build(actor=request.actor, build=_load(request, id), containers=containers)
    return redirect("build", again.id)


@verb
def front(request: PageRequest, id: str) -> HttpResponse:
    """Let it be the next on its host."""
    build = services.put_build_first(actor=request.actor, build=_load(request, id))
    return redirect("build", build.id)


@verb
def move(request: PageRequest, id: str) -> HttpResponse:
    """Let another host make it."""
    build = _load(request, id)
    host = find(Host.objects.visible_to(request.actor), request.POST.get("host", ""))
    services.move_build(actor=request.actor, build=build, host=host)
    return redirect("build", build.id)


def _load(request: PageRequest, id: str) -> Build:
    rows = Build.objects.visible_to(request.actor).select_related("image__project__team", "job", "log", "host")
    return find(rows, id)


def _facts(request: PageRequest, build: Build) -> dict[str, Any]:
    project = build.image.project
    ended = states.is_terminal(states.BUILD, build.state)
    builds = may(request.actor, Action.BUILD, project)
    problem = build.problem or {}
    changes = build.state == "failed" and may(request.actor, Action.DEFINE, project)
    steps = list(build.job.steps.filter(attempt=build.job.attempt))
    return {
        "build": build,
        "insight": insight(build),
        "image": build.image,
        "project": project,
        "steps": steps,
        "stretches": stretches(steps) if ended else [Stretch(steps=tuple(steps), start=1)],
        "failing": next((step for step in steps if step.state == "failed"), None),
        "ended": ended,
        **_waiting(request, build),
        "cancels": builds and not ended and build.job.cancel_requested_at is None,
        "cancelling": not ended and build.job.cancel_requested_at is not None,
        "retries": builds and ended,
        "problem": problem,
        "ending": how_it_ended(problem.get("message", "")),
        "changes": changes,
        "mends": changes and (problem.get("whose") == "user" or problem.get("code") in MENDED_THERE),
        "evidence": (problem.get("evidence") or [])[-EVIDENCE_LINES:],
        "usual": _usual(build),
        "pulled": pulled(build),
        "pushes": build.pushes.newest(),
        "pushing": builds and build.state == "succeeded" and build.expired_at is None,
        "expired": said_of(build),
        "held": _held(request, build),
    }


def _waiting(request: PageRequest, build: Build) -> dict[str, Any]:
    """Why it waits, and where an operator may send it instead."""
    waiting = why_waiting(build, actor=request.actor) if build.state == "queued" else None
    operates = waiting is not None and may(request.actor, Action.OPERATE, build.image.project)
    others = [host for host in builders(build.image.project) if host.id != build.host_id] if operates else []
    return {"waiting": waiting, "operates": operates, "moves": others[:SHOWN_HOSTS]}


def _held(request: PageRequest, build: Build) -> list[Holding]:
    """Where its image is now, of the hosts that the person may see."""
    if not build.config_digest:
        return []
    rows = Holding.objects.filter(image_id=build.config_digest, host__in=Host.objects.visible_to(request.actor))
    return list(rows.select_related("host").order_by("host__name")[:SHOWN_HOSTS])


def _usual(build: Build) -> float | None:
    """Seconds that a build of this image usually takes."""
    done = Build.objects.filter(image=build.image_id, state="succeeded", number__lt=build.number)
    times = done.exclude(started_at=None).order_by("-number").values_list("started_at", "finished_at")[:USUAL_OF]
    lengths = [(end - start).total_seconds() for start, end in times if start is not None and end is not None]
    return median(lengths) if lengths else None
