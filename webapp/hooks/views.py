"""Pages of hooks: those of a project, one with what it was told, one delivery."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from webapp.hooks import services
from webapp.hooks.bodies import address_of
from webapp.hooks.forms import FilterForm, HookForm, of_git
from webapp.hooks.models import Delivery, Hook
from webapp.page import PageRequest, find, find_project, look, page, verb, way_to
from webapp.teams.policy import Action, may, require

SHOWN = 50


@look
def index(request: PageRequest, id: str) -> HttpResponse:
    """The hooks of a project."""
    project = find_project(request, id)
    hooks = Hook.objects.filter(image__project=project).select_related("image").order_by("image__slug", "name")
    facts = {"project": project, "hooks": hooks, "operates": may(request.actor, Action.OPERATE, project)}
    facts["possible"] = of_git(project).exists()
    return render(request, "hooks/index.html", facts)


@page
def new(request: PageRequest, id: str) -> HttpResponse:
    """Make a hook; its secret stands in the answer, this once."""
    project = find_project(request, id)
    require(request.actor, Action.OPERATE, project)
    form = HookForm(request.POST or None, project=project, image=request.GET.get("image", ""))
    if request.method == "POST":
        made = form.attempt(lambda: services.create_hook(actor=request.actor, **form.carried()))
        if made is not None:
            return _show(request, _hook(request, made[0].id), secret=made[1])
    back = reverse("hooks", args=[id])
    facts = {"title": "New hook", "form": form, "say": "Make the hook", "back": back}
    facts["lead"] = "A code host tells it of pushes; each that passes the filters builds the image at that very commit."
    facts["crumbs"] = [
        *way_to(project),
        (back, "Hooks"),
    ]
    return render(request, "parts/form_page.html", facts, status=form.status)


@page
def show(request: PageRequest, id: str) -> HttpResponse:
    """One hook, how to set its sender up, what it was told; sent, its filters are changed."""
    hook = _hook(request, id)
    form = FilterForm(request.POST or None, hook=hook)
    if request.method == "POST":
        changed = form.attempt(lambda: services.change_hook(actor=request.actor, hook=hook, **form.carried()))
        if changed is not None:
            messages.success(request, "Saved. It counts from the next delivery on.")
            return redirect("hook", id)
    return _show(request, hook, form=form)


@verb
def secret(request: PageRequest, id: str) -> HttpResponse:
    """A new secret in place of the old one, shown in the answer."""
    hook = _hook(request, id)
    renewed = services.renew_secret(actor=request.actor, hook=hook)
    return _show(request, _hook(request, id), secret=renewed)


@verb
def delete(request: PageRequest, id: str) -> HttpResponse:
    """End it."""
    hook = _hook(request, id)
    services.delete_hook(actor=request.actor, hook=hook)
    messages.success(request, f"Hook {hook.name} is deleted.")
    return redirect("hooks", hook.image.project_id)


@look
def delivery(request: PageRequest, id: str) -> HttpResponse:
    """What was sent, and what was answered."""
    found = _delivery(request, id)
    project = found.hook.image.project
    facts = {
        "delivery": found,
        "hook": found.hook,
        "project": project,
        "repeats": may(request.actor, Action.OPERATE, project) and found.push is not None,
        "again": found.redeliveries.all()[:SHOWN],
    }
    return render(request, "hooks/delivery.html", facts)


@verb
def redeliver(request: PageRequest, id: str) -> HttpResponse:
    """Hear it again."""
    heard = services.redeliver(actor=request.actor, delivery=_delivery(request, id))
    if heard.build is not None:
        messages.success(request, f"Build {heard.build.number} is queued.")
    else:
        messages.info(request, f"Nothing is built: {heard.reason}")
    return redirect("hook_delivery", heard.delivery.id if heard.delivery is not None else id)


def _hook(request: PageRequest, id: str) -> Hook:
    return find(Hook.objects.visible_to(request.actor).select_related("image__project__team"), id)


def _delivery(request: PageRequest, id: str) -> Delivery:
    rows = Delivery.objects.visible_to(request.actor)
    return find(rows.select_related("hook__image__project__team", "build", "redelivery_of"), id)


def _show(request: PageRequest, hook: Hook, *, form: FilterForm | None = None, secret: str = "") -> HttpResponse:
    form = form or FilterForm(hook=hook)
    rows = hook.deliveries.select_related("build").defer("body", "headers", "push")
    facts: dict[str, Any] = {
        "hook": hook,
        "project": hook.image.project,
        "form": form,
        "secret": secret,
        "address": address_of(request, hook),
        "rows": Paginator(rows, SHOWN).get_page(request.GET.get("page")),
        "operates": may(request.actor, Action.OPERATE, hook.image.project),
    }
    return render(request, "hooks/show.html", facts, status=form.status)
