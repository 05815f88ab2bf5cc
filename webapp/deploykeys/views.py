"""Pages of deploy keys: those of a project, one with its public part, and the acts on it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from webapp.deploykeys import services
from webapp.deploykeys.forms import DeployKeyForm, KnownHostsForm
from webapp.deploykeys.knownhosts import described
from webapp.deploykeys.models import DeployKey
from webapp.deploykeys.using import Users
from webapp.page import PageRequest, find, find_project, page, verb
from webapp.teams.policy import Action, may


@page
def index(request: PageRequest, id: str) -> HttpResponse:
    """The keys of a project; sent, a new pair is made."""
    project = find_project(request, id)
    form = DeployKeyForm(request.POST or None)
    if request.method == "POST":
        made = form.attempt(lambda: services.create_deploy_key(actor=request.actor, project=project, **form.carried()))
        if made is not None:
            messages.success(request, f"Deploy key {made.name} is made. Now give its public part to the Git server.")
            return redirect("deploy_key", made.id)
    facts = {
        "project": project,
        "keys": DeployKey.objects.filter(project=project).select_related("created_by"),
        "form": form,
        "defines": may(request.actor, Action.DEFINE, project),
    }
    return render(request, "deploykeys/index.html", facts, status=form.status)


@page
def show(request: PageRequest, id: str, users: Users) -> HttpResponse:
    """One key: its public part, and the servers it is for; sent, these are changed."""
    key = _load(request, id)
    form = KnownHostsForm(request.POST if request.method == "POST" else None, initial={"known_hosts": key.known_hosts})
    if request.method == "POST":
        changed = form.attempt(lambda: services.change_known_hosts(actor=request.actor, key=key, **form.carried()))
        if changed is not None:
            messages.success(request, "Saved. The next build compares the server's key with these.")
            return redirect("deploy_key", id)
    facts = {
        "project": key.project,
        "key": key,
        "known": described(key.known_hosts),
        "uses": users(key),
        "form": form,
        "defines": may(request.actor, Action.DEFINE, key.project),
    }
    return render(request, "deploykeys/show.html", facts, status=form.status)


@verb
def delete(request: PageRequest, id: str, users: Users) -> HttpResponse:
    """Forget a key that no image is fetched with."""
    key = _load(request, id)
    services.delete_deploy_key(actor=request.actor, key=key, users=users)
    messages.success(request, f"Deploy key {key.name} is deleted. Take its public part off the Git server too.")
    return redirect("deploy_keys", key.project_id)


def _load(request: PageRequest, id: str) -> DeployKey:
    return find(DeployKey.objects.visible_to(request.actor).select_related("project__team"), id)
