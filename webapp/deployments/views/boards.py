"""The home of a project: its board, and the part of it that refreshes itself."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from webapp.deployments.board.reading import board
from webapp.environments.models import Environment
from webapp.page import PageRequest, find_project, look
from webapp.teams.policy import actions_in


@look
def show(request: PageRequest, id: str) -> HttpResponse:
    """Services down, environments across; above it what waits, goes on, broke."""
    return render(request, "board/show.html", _facts(request, id))


@look
def part(request: PageRequest, id: str) -> HttpResponse:
    """The board alone, as it is now."""
    return render(request, "board/part.html", _facts(request, id))


def _facts(request: PageRequest, id: str) -> dict[str, Any]:
    project = find_project(request, id)
    allowed = actions_in(request.actor, project.team_id, project_id=project.id)
    return {
        "project": project,
        "board": board(project=project, actor=request.actor),
        "may": {action.value: True for action in allowed},
        "has_environments": Environment.objects.filter(project=project).exists(),
    }
