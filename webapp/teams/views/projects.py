"""Pages of projects: the list, a new one, its settings."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from webapp.page import PageRequest, find, find_project, look, page, verb
from webapp.teams.contents import Contents, Counting
from webapp.teams.forms import ProjectForm, RenameForm
from webapp.teams.models import Project, Team
from webapp.teams.policy import Action, may
from webapp.teams.services import create_project, delete_project, rename_project


@look
def index(request: PageRequest, contents: Counting) -> HttpResponse:
    """Every project the person may see: what is broken first, then by team."""
    actor = request.actor
    projects = list(Project.objects.visible_to(actor).select_related("team").order_by("team__slug", "slug"))
    counted = contents(projects)
    rows = [(project, counted.get(project.id, Contents())) for project in projects]
    rows.sort(key=lambda row: not row[1].is_broken)
    teams = Team.objects.visible_to(actor)
    makes = any(may(actor, Action.DEFINE, team) for team in teams)
    return render(request, "projects/index.html", {"projects": rows, "teams": teams, "makes": makes})


@page
def new(request: PageRequest) -> HttpResponse:
    """Make a project."""
    actor = request.actor
    form = ProjectForm(request.POST or None, actor=actor)
    if request.method == "POST":
        project = form.attempt(lambda: create_project(actor=actor, **form.cleaned_data))
        if project is not None:
            return redirect("board", project.id)
    facts = {"title": "New project", "form": form, "say": "Make the project", "back": reverse("projects")}
    return render(request, "parts/form_page.html", facts, status=form.status)


@page
def settings(request: PageRequest, id: str) -> HttpResponse:
    """Its name, its environments, and its end."""
    actor = request.actor
    project = find_project(request, id)
    form = RenameForm(request.POST or None, initial={"name": project.name})
    if request.method == "POST":
        renamed = form.attempt(lambda: rename_project(actor=actor, project=project, **form.cleaned_data))
        if renamed is not None:
            messages.success(request, "Renamed.")
            return redirect("project_settings", project.id)
    facts = {
        "project": project,
        "form": form,
        "defines": may(actor, Action.DEFINE, project),
        "administers": may(actor, Action.ADMINISTER, project),
    }
    return render(request, "projects/settings.html", facts, status=form.status)


@verb
def delete(request: PageRequest, id: str) -> HttpResponse:
    """End a project that is empty."""
    project = find(Project.objects.visible_to(request.actor), id)
    delete_project(actor=request.actor, project=project)
    messages.success(request, f"Project {project.name} is deleted.")
    return redirect("projects")
