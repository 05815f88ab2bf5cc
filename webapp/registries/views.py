"""Pages of registries: those of a project and its team, one with what it holds, and the acts on it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now

from webapp.page import PageRequest, find, find_project, look, page, verb
from webapp.problems import Refusal
from webapp.registries import services
from webapp.registries.forms import ChangeForm, RegistryForm
from webapp.registries.models import Registry
from webapp.teams.policy import Action, may


@page
def index(request: PageRequest, id: str) -> HttpResponse:
    """The registries that serve a project, and the form for another one."""
    project = find_project(request, id)
    form = RegistryForm(request.POST or None)
    if request.method == "POST":
        added = form.attempt(
            lambda: services.add_registry(actor=request.actor, team=project.team, project=project, **form.carried())
        )
        if added is not None:
            services.check_registry(actor=request.actor, registry=added, now=now())
            return redirect("registry", added.id)
    shown = {
        "project": project,
        "registries": Registry.objects.usable_by(project).select_related("project"),
        "form": form,
        "operates": may(request.actor, Action.OPERATE, project),
    }
    return render(request, "registries/index.html", shown, status=form.status)


@page
def show(request: PageRequest, id: str) -> HttpResponse:
    """One registry: how to get in, and how the last check went."""
    registry = _load(request, id)
    form = ChangeForm(request.POST or None, initial={"path": registry.prefix, "username": registry.username})
    if request.method == "POST":
        changed = form.attempt(lambda: _change(request, registry, form))
        if changed is not None:
            services.check_registry(actor=request.actor, registry=changed, now=now())
            return redirect("registry", registry.id)
    shown = {
        "registry": registry,
        "form": form,
        "operates": may(request.actor, Action.OPERATE, registry.project or registry.team),
    }
    return render(request, "registries/show.html", shown, status=form.status)


@look
def content(request: PageRequest, id: str) -> HttpResponse:
    """What it holds, asked now: repositories, or the tags of one. A part of the page, loaded after it."""
    registry = _load(request, id)
    repository = request.GET.get("repository", "")[:255]
    shown: dict[str, object] = {"registry": registry, "repository": repository}
    try:
        if repository:
            shown["tags"] = services.list_tags(actor=request.actor, registry=registry, repository=repository)
        else:
            shown["repositories"] = services.list_repositories(actor=request.actor, registry=registry)
    except Refusal as refusal:
        shown["refusal"] = refusal
    return render(request, "registries/content.html", shown)


@verb
def check(request: PageRequest, id: str) -> HttpResponse:
    """Ask it whether it lets Slipway in."""
    services.check_registry(actor=request.actor, registry=_load(request, id), now=now())
    return redirect("registry", id)


@verb
def remove(request: PageRequest, id: str) -> HttpResponse:
    """Forget it."""
    registry = _load(request, id)
    services.remove_registry(actor=request.actor, registry=registry)
    messages.success(request, f"Registry {registry.address} is forgotten; what it holds stays there.")
    return redirect("registries", registry.project_id) if registry.project_id else redirect("team", registry.team_id)


def _change(request: PageRequest, registry: Registry, form: ChangeForm) -> Registry:
    given = form.carried()
    if not given["password"] and given["username"]:
        del given["password"]  # nothing typed: it stays
    return services.change_registry(actor=request.actor, registry=registry, **given)


def _load(request: PageRequest, id: str) -> Registry:
    return find(Registry.objects.visible_to(request.actor).select_related("team", "project__team"), id)
