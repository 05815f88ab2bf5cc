"""The page of a project's certificates, and the acts on them."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now

from webapp.certificates import services
from webapp.certificates.forms import CertificateForm
from webapp.certificates.models import Certificate
from webapp.certificates.using import Users
from webapp.page import PageRequest, find, find_project, page, verb
from webapp.teams.policy import Action, may


@page
def index(request: PageRequest, id: str) -> HttpResponse:
    """The certificates of a project; sent, one is brought."""
    project = find_project(request, id)
    form = CertificateForm(request.POST or None)
    moment = now()
    if request.method == "POST":
        made = form.attempt(
            lambda: services.bring_certificate(actor=request.actor, project=project, now=moment, **form.carried())
        )
        if made is not None:
            messages.success(
                request, f"Certificate {made.name} is kept. Hosts that serve its names get it by themselves."
            )
            return redirect("certificates", id)
    rows = Certificate.objects.filter(project=project).select_related("created_by")
    facts = {
        "project": project,
        "certificates": [(row, row.state_at(moment)) for row in rows],
        "form": form,
        "operates": may(request.actor, Action.OPERATE, project),
    }
    return render(request, "certificates/index.html", facts, status=form.status)


@verb
def delete(request: PageRequest, id: str, users: Users) -> HttpResponse:
    """Forget a certificate that nothing needs."""
    certificate = find(Certificate.objects.visible_to(request.actor).select_related("project__team"), id)
    services.delete_certificate(actor=request.actor, certificate=certificate, users=users)
    messages.success(request, f"Certificate {certificate.name} is deleted, with its key.")
    return redirect("certificates", certificate.project_id)
