"""The frame's own pages: home, signing in and out, one's account, what the palette finds."""

from dataclasses import dataclass
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import authenticate, logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webapp.page import PageRequest, look, page
from webapp.pages.coming_in import come_in, tell_refused
from webapp.pages.palette import entries_for
from webapp.problems import Invalid
from webapp.rest.middleware import SlipwayRequest
from webapp.teams import brakes
from webapp.teams.models import User
from webapp.teams.services import change_password, signed_out

WRONG = "That user name and password do not fit together."


@dataclass(frozen=True)
class PasswordField:
    """An input of the password form, with what is wrong with it."""

    name: str
    label: str
    complete: str
    errors: tuple[str, ...] = ()


@look
def home(request: PageRequest) -> HttpResponse:
    """The projects are home."""
    return redirect("projects")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """For what asks without having read a page."""
    return redirect(static("img/slipway.svg"))


@require_http_methods(["GET", "POST"])
def sign_in(request: SlipwayRequest) -> HttpResponse:
    """The door. Guessing is slowed down by address and by account."""
    target = request.POST.get("next") or request.GET.get("next", "")
    if request.method == "GET":
        if request.user.is_authenticated:
            return redirect("home")
        return render(request, "pages/sign_in.html", {"next": target})
    username = request.POST.get("username", "").replace("\x00", "")[:150]  # PostgreSQL compares with no NUL
    wait = brakes.seconds_to_wait(brakes.SIGN_IN, address=request.client_ip, account=username)
    if wait:
        return _refused(request, username, target, f"Too many tries. Wait {wait} seconds, then try again.", 429)
    user = authenticate(request, username=username, password=request.POST.get("password", "")[:512])
    if user is None:
        brakes.failed(brakes.SIGN_IN, address=request.client_ip, account=username)
        tell_refused(request, username)
        return _refused(request, username, target, WRONG, 401)
    brakes.released(brakes.SIGN_IN, account=username)
    come_in(request, user)
    return redirect(target if _is_ours(request, target) else "home")


def _refused(request: HttpRequest, username: str, target: str, refusal: str, status: int) -> HttpResponse:
    context = {"next": target, "username": username, "refusal": refusal}
    answer = render(request, "pages/sign_in.html", context, status=status)
    if status == 429:
        answer.headers["Retry-After"] = "60"
    return answer


def _is_ours(request: HttpRequest, url: str) -> bool:
    return bool(url) and url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )


@require_POST
def sign_out(request: SlipwayRequest) -> HttpResponse:
    """Ends this session, and its open sockets within seconds."""
    if isinstance(request.user, User) and request.actor is not None:
        signed_out(actor=request.actor, user=request.user)
    logout(request)
    return redirect("sign_in")


@page
def account(request: PageRequest) -> HttpResponse:
    """One's teams, and the password."""
    user = cast(User, request.user)
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        words = {name: request.POST.get(name, "")[:512] for name in ("old", "new")}
        try:
            change_password(actor=request.actor, user=user, **words)
        except Invalid as refusal:
            errors = refusal.errors
        else:
            update_session_auth_hash(request, user)
            messages.success(request, "The password was changed.")
            return redirect("account")
    context: dict[str, Any] = {
        "fields": _password_fields(errors),
        "memberships": user.memberships.select_related("team"),
    }
    return render(request, "pages/account.html", context, status=400 if errors else 200)


def _password_fields(errors: dict[str, list[str]]) -> list[PasswordField]:
    fields = (("old", "Present password", "current-password"), ("new", "New password", "new-password"))
    return [PasswordField(name, label, complete, tuple(errors.get(name, ()))) for name, label, complete in fields]


@look
def palette(request: PageRequest) -> HttpResponse:
    """Every place this person may go, for the palette."""
    return JsonResponse({"entries": entries_for(request.actor)})
