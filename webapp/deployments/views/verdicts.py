"""What people say of other people's deployments: yes, no, plan it anew; carry it out now; what came of an emergency."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from webapp.deployments import services
from webapp.deployments.models import Deployment
from webapp.deployments.views.deployments import emergency_of, load
from webapp.page import PageRequest, find_project, look, verb

SHOWN_REVIEWS = 50


@verb
def approve(request: PageRequest, id: str) -> HttpResponse:
    """Yes to exactly the plan that was looked at."""
    done = services.approve(actor=request.actor, deployment=load(request, id), **_verdict(request))
    return redirect("deployment", done.id)


@verb
def reject(request: PageRequest, id: str) -> HttpResponse:
    """No."""
    done = services.reject(actor=request.actor, deployment=load(request, id), **_verdict(request))
    return redirect("deployment", done.id)


@verb
def replan(request: PageRequest, id: str) -> HttpResponse:
    """Plan anew from the facts of now."""
    former = load(request, id)
    done = services.replan(actor=request.actor, deployment=former)
    same = done.plan_hash == former.plan_hash
    messages.success(request, "Nothing has changed: the plan stands." if same else "The plan is made anew.")
    return redirect("deployment", done.id)


@verb
def hurry(request: PageRequest, id: str) -> HttpResponse:
    """Carry out what waits, as an emergency."""
    made = services.hurry(actor=request.actor, deployment=load(request, id), emergency=emergency_of(request))
    return redirect("deployment", made.id)


@verb
def review(request: PageRequest, id: str) -> HttpResponse:
    """Say what came of looking at an emergency afterwards."""
    words = request.POST.get("comment", "")
    done = services.review(actor=request.actor, deployment=load(request, id), comment=words)
    messages.success(request, "The review is given.")
    return redirect("deployment", done.id)


@look
def reviews(request: PageRequest, id: str) -> HttpResponse:
    """The emergencies of a project that nobody else has looked at yet, and the last that somebody has."""
    project = find_project(request, id)
    rows = Deployment.objects.filter(service__project=project).exclude(emergency="")
    rows = rows.select_related("service", "environment", "release__build", "reviewed_by")
    facts = {
        "project": project,
        "owed": rows.filter(review_owed=True)[:SHOWN_REVIEWS],
        "given": rows.filter(review_owed=False).order_by("-reviewed_at")[:SHOWN_REVIEWS],
    }
    return render(request, "deployments/reviews.html", facts)


def _verdict(request: PageRequest) -> dict[str, str]:
    return {"plan_hash": request.POST.get("plan_hash", ""), "comment": request.POST.get("comment", "").strip()}
