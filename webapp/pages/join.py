"""The door for who was invited: with an account or without one."""

from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from webapp.audit.services import record_refusal
from webapp.pages.coming_in import come_in
from webapp.problems import Conflicting, Missing, Refusal, Spent
from webapp.rest.middleware import SlipwayRequest
from webapp.teams import brakes, services
from webapp.teams.forms import CodeForm, NewcomerForm
from webapp.teams.models import Invitation
from webapp.teams.policy import Actor

MAX_CODE = 200


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Where a code is typed that came without its link."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return redirect("join", form.cleaned_data["code"].strip().replace("/", "")[:MAX_CODE] or "none")
    return render(request, "pages/join_code.html", {"form": form}, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, code: str) -> HttpResponse:
    """An invitation: who is signed in joins, who has no account makes one, who has signs in and comes back."""
    asked = cast(SlipwayRequest, request)
    wait = brakes.seconds_to_wait(brakes.INVITATION, address=asked.client_ip)
    if wait:
        return _closed(request, f"Too many wrong invitations came from here. Wait {wait} seconds.", 429, wait=wait)
    try:
        invitation = _opened(asked, code)
    except Missing as refusal:
        _failed(asked, refusal)
        raise Http404 from refusal
    except Spent as refusal:
        _failed(asked, refusal)
        return _closed(request, refusal.detail, refusal.status)
    if asked.actor is not None:
        return _as_known(asked, asked.actor, invitation, code)
    if invitation.username:
        messages.info(request, f"This invitation is for {invitation.username}. Sign in under that name to accept it.")
        return redirect(_door(code))
    return _as_new(asked, invitation, code)


def _opened(request: SlipwayRequest, code: str) -> Invitation:
    """The offer, for whom it is; to anybody else who is signed in it is not there."""
    invitation = services.find_invitation(code=code[:MAX_CODE])
    user = request.actor.user if request.actor is not None else None
    if user is not None and invitation.username not in ("", user.username):
        raise Missing(code="invite.missing", detail="There is no such invitation for you.")
    return invitation


def _as_known(request: SlipwayRequest, actor: Actor, invitation: Invitation, code: str) -> HttpResponse:
    facts = {"invitation": invitation, "refusal": ""}
    if request.method != "POST":
        return render(request, "pages/join.html", facts)
    try:
        membership = services.accept_invitation(actor=actor, code=code)
    except Refusal as refusal:
        return render(request, "pages/join.html", {**facts, "refusal": refusal.detail}, status=refusal.status)
    messages.success(request, f"Welcome to {membership.team.name}: you are its {membership.role} now.")
    return redirect("team", membership.team_id)


def _as_new(request: SlipwayRequest, invitation: Invitation, code: str) -> HttpResponse:
    form = NewcomerForm(request.POST or None)
    if request.method == "POST":
        here = {"ip": request.client_ip, "request_id": request.request_id}
        user = form.attempt(lambda: services.join_as_new(code=code, **form.cleaned_data, **here))
        if form.status == Conflicting.status:  # names are not to be tried out here
            brakes.failed(brakes.INVITATION, address=request.client_ip)
        if user is not None:
            come_in(request, user)
            messages.success(request, f"Welcome to {invitation.team.name}: you are its {invitation.role}.")
            return redirect("projects")
    facts = {"invitation": invitation, "form": form, "door": _door(code)}
    return render(request, "pages/join_new.html", facts, status=form.status)


def _door(code: str) -> str:
    return f"{reverse('sign_in')}?{urlencode({'next': reverse('join', args=[code])})}"


def _failed(request: SlipwayRequest, refusal: Refusal) -> None:
    brakes.failed(brakes.INVITATION, address=request.client_ip)
    if request.actor is None:  # of who is signed in the middleware tells
        record_refusal(
            actor=None,
            action="invite.denied",
            reason=refusal.code,
            ip=request.client_ip,
            request_id=request.request_id,
        )


def _closed(request: HttpRequest, why: str, status: int, *, wait: int = 0) -> HttpResponse:
    answer = render(request, "pages/join_closed.html", {"why": why}, status=status)
    if wait:
        answer.headers["Retry-After"] = str(wait)
    return answer
