"""Pages of uploads: those of a project, one more by a plain form, and letting one go.

The page's script sends the file by the API instead, to show how far it is; without it the form below does.
"""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from webapp.blobs import services
from webapp.blobs.models import Upload
from webapp.blobs.using import Users
from webapp.page import Answer, PageRequest, find, find_project, page, verb
from webapp.problems import Forbidden, Invalid, Refusal, TooLarge
from webapp.teams.models import Project
from webapp.teams.policy import Action, may, require

FORM_BYTES = 64 * 1024  # of a form beside its file


@csrf_exempt  # asked for below, since it reads the body: not before it is clear who sends, and where to
def index(request: HttpRequest, id: str, users: Users) -> Answer:
    """The uploads of a project; sent, one more."""
    if request.method == "POST" and not request.user.is_authenticated:
        raise Forbidden(code="auth.missing", detail="Sign in, then send it again.")
    return _index(request, id, users)


@page
def _index(request: PageRequest, id: str, users: Users) -> HttpResponse:
    project = find_project(request, id)
    if request.method == "POST":
        require(request.actor, Action.DEFINE, project)
        _refuse_long(request)
    answered: HttpResponse = csrf_protect(_whole)(request, project, users)
    return answered


def _refuse_long(request: PageRequest) -> None:
    """Before a form is read; one that does not say its length holds no file for the framework."""
    declared = request.headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared) > services.max_bytes() + FORM_BYTES:
        raise TooLarge(code="upload.too_large", detail=f"An archive has at most {services.max_bytes()} bytes.")


def _whole(request: HttpRequest, project: Project, users: Users) -> HttpResponse:
    asked = cast(PageRequest, request)
    complaint: Refusal | None = None
    if request.method == "POST":
        try:
            upload = _receive(asked, project)
            messages.success(request, f"{upload.name} is here. Define an image with it.")
            return redirect("uploads", project.id)
        except Refusal as refusal:
            complaint = refusal
    facts = _facts(asked, project, users) | {"complaint": complaint}
    return render(request, "blobs/index.html", facts, status=complaint.status if complaint is not None else 200)


@verb
def delete(request: PageRequest, id: str, users: Users) -> HttpResponse:
    """Forget an upload that no image is built from."""
    upload = find(Upload.objects.visible_to(request.actor).select_related("project__team", "blob"), id)
    services.delete_upload(actor=request.actor, upload=upload, users=users)
    messages.success(request, f"{upload.name} is deleted.")
    return redirect("uploads", upload.project_id)


def _receive(request: PageRequest, project: Project) -> Upload:
    sent = request.FILES.get("archive")
    if sent is None:
        raise Invalid({}, code="upload.missing", detail="Choose an archive first.")
    upload, _ = services.receive_upload(
        actor=request.actor, project=project, read=sent.read, now=now(), name=sent.name or "", length=sent.size
    )
    return upload


def _facts(request: PageRequest, project: Project, users: Users) -> dict[str, Any]:
    uploads = list(Upload.objects.ready().filter(project=project)[:200])
    uses = users(uploads)
    return {
        "project": project,
        "rows": [(upload, uses.get(upload.id, [])) for upload in uploads],
        "defines": may(request.actor, Action.DEFINE, project),
        "upload_max_bytes": services.max_bytes(),
    }
