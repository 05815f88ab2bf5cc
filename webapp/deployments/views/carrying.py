"""Pages of what carries data: where a replica moves to; a volume that gets a backup's data."""

from django import forms
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from webapp.deployments import services
from webapp.deployments.models import Replica
from webapp.hosts.models import Host
from webapp.page import Form, PageRequest, find, page, verb, way_to
from webapp.volumes.models import Backup, Volume


class MoveForm(Form):
    """Which of the environment's hosts it goes to."""

    host = forms.ModelChoiceField(queryset=Host.objects.none(), empty_label=None, label="To host")
    comment = forms.CharField(required=False, max_length=500, label="Comment")

    def __init__(self, data: QueryDict | None = None, *, replica: Replica) -> None:
        super().__init__(data)
        others = replica.environment.hosts.exclude(id=replica.host_id).order_by("name")
        self.fields["host"].queryset = others  # type: ignore[attr-defined]


@page
def move(request: PageRequest, id: str) -> HttpResponse:
    """Where to, and what happens on the way."""
    rows = Replica.objects.visible_to(request.actor)
    replica: Replica = find(rows.select_related("service__project__team", "environment", "host"), id)
    form = MoveForm(request.POST or None, replica=replica)
    if request.method == "POST":
        made = form.attempt(
            lambda: services.move(
                actor=request.actor,
                service=replica.service,
                environment=replica.environment,
                replica=replica,
                host=form.cleaned_data["host"],
                comment=form.cleaned_data["comment"],
            )
        )
        if made is not None:
            return redirect("deployment", made.id)
    name = f"{replica.service.slug} {replica.index}"
    back = reverse("replica", args=[id])
    facts = {
        "title": f"Move {name} from host {replica.host.name}",
        "form": form,
        "say": "Move it",
        "back": back,
        "crumbs": [*way_to(replica.service.project), (back, name)],
        "lead": "With volumes it is stopped first; they are packed, unpacked there and compared. It goes on here "
        "whatever fails before it is healthy there.",
    }
    return render(request, "parts/form_page.html", facts, status=form.status)


@verb
def restore(request: PageRequest, id: str) -> HttpResponse:
    """Let who has the volume go on with the data of a backup."""
    volumes = Volume.objects.visible_to(request.actor).select_related("project__team", "environment", "host")
    backups = Backup.objects.visible_to(request.actor).select_related("volume__project__team", "volume__environment")
    volume = find(volumes, id)
    backup = find(backups, request.POST.get("backup", ""))
    made = services.restore(actor=request.actor, volume=volume, backup=backup)
    return redirect("deployment", made.id)
