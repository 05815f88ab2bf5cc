"""Pages of volumes: all of a project by environment; one with its backups, what can be done with it, and its end."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.db.models import Max, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now

from webapp.environments.models import Environment
from webapp.page import Answer, PageRequest, find, find_project, look, page, verb
from webapp.teams.policy import actions_in, require
from webapp.volumes import rights, services
from webapp.volumes.download import answer
from webapp.volumes.forms import BackupForm, DeleteForm, KeepForm
from webapp.volumes.models import UNDER_WAY, Backup, Volume
from webapp.volumes.using import Use, Users

SHOWN = 50
LISTED = 500


@look
def index(request: PageRequest, id: str, users: Users) -> HttpResponse:
    """The volumes of a project, by environment: where they are, how large, when backed up, who has them."""
    project = find_project(request, id)
    ready = Max("backups__finished_at", filter=Q(backups__state="ready"))
    rows = Volume.objects.standing().filter(project=project).select_related("host", "environment")
    volumes = list(rows.annotate(backed_up_at=ready)[:LISTED])
    used = users(volumes)
    told: dict[str, list[tuple[Volume, Sequence[Use]]]] = defaultdict(list)
    for volume in volumes:
        told[volume.environment_id].append((volume, used.get(volume.id, ())))
    environments = Environment.objects.filter(project=project, id__in=told)
    facts = {"project": project, "places": [(place, told[place.id]) for place in environments]}
    return render(request, "volumes/index.html", facts)


@page
def show(request: PageRequest, id: str, users: Users) -> HttpResponse:
    """One volume; its form asks for a backup."""
    volume = _volume(request, id)
    form = BackupForm(request.POST or None)
    if request.method == "POST":
        quiesce = request.POST.get("quiesce", "")
        made = form.attempt(lambda: services.back_up(actor=request.actor, volume=volume, quiesce=quiesce, users=users))
        if made is not None:
            return redirect("volume", id)
    facts = {**_facts(request, volume, users), "form": form}
    return render(request, "volumes/show.html", facts, status=form.status)


@look
def part(request: PageRequest, id: str, users: Users) -> HttpResponse:
    """Its backups as they are now."""
    return render(request, "volumes/part.html", _facts(request, _volume(request, id), users))


@verb
def keep(request: PageRequest, id: str) -> HttpResponse:
    """How many backups are kept."""
    volume = _volume(request, id)
    form = KeepForm(request.POST)
    count = form.cleaned_data["keep_backups"] if form.is_valid() else request.POST.get("keep_backups")
    services.keep_backups(actor=request.actor, volume=volume, count=count)
    return redirect("volume", id)


@page
def delete(request: PageRequest, id: str, users: Users) -> HttpResponse:
    """The end of a volume, with its name typed."""
    volume = _volume(request, id)
    require(request.actor, rights.changing(volume.environment), volume.project)
    form = DeleteForm(request.POST or None)
    if request.method == "POST":
        name = request.POST.get("name", "")
        done = form.attempt(lambda: services.delete_volume(actor=request.actor, volume=volume, name=name, users=users))
        if done is not None:
            messages.success(request, f"Host {volume.host.name} removes volume {volume}.")
            return redirect("volumes", volume.project_id)
    facts = {**_facts(request, volume, users), "form": form}
    return render(request, "volumes/delete.html", facts, status=form.status)


@verb
def cancel(request: PageRequest, id: str) -> HttpResponse:
    """Stop a backup that is under way, or let go of one that is ready."""
    backup = _backup(request, id)
    act = services.cancel_backup if backup.state in UNDER_WAY else services.remove_backup
    act(actor=request.actor, backup=backup, now=now())
    return redirect("volume", backup.volume_id)


@look
def archive(request: PageRequest, id: str) -> Answer:
    """The bytes of a backup."""
    backup = _backup(request, id)
    require(request.actor, rights.reading(backup.volume.environment), backup.volume.project)
    return answer(backup, range_header=request.headers.get("Range", ""))


def _facts(request: PageRequest, volume: Volume, users: Users) -> dict[str, Any]:
    allowed = actions_in(request.actor, volume.project.team_id, project_id=volume.project_id)
    place = Volume.objects.filter(
        environment=volume.environment, name=volume.name, service=volume.service, index=volume.index
    )
    return {
        "volume": volume,
        "project": volume.project,
        "uses": users([volume]).get(volume.id, ()),
        "backups": Backup.objects.filter(volume__in=place)[:SHOWN],
        "under_way": UNDER_WAY,
        "keep": KeepForm(initial={"keep_backups": volume.keep_backups}),
        "reads": rights.reading(volume.environment) in allowed,
        "changes": rights.changing(volume.environment) in allowed,
        "there": volume.removed_at is None and volume.removal_id is None,
    }


def _volume(request: PageRequest, id: str) -> Volume:
    rows = Volume.objects.visible_to(request.actor).select_related("project__team", "environment", "host")
    return find(rows, id)


def _backup(request: PageRequest, id: str) -> Backup:
    rows = Backup.objects.visible_to(request.actor)
    return find(rows.select_related("volume__project__team", "volume__environment", "job"), id)
