"""Pages of people: every account, for site admins; a password that is made here is shown once."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render

from webapp.page import PageRequest, find, page, verb
from webapp.teams import services
from webapp.teams.forms import PersonForm
from webapp.teams.models import User
from webapp.teams.policy import Actor, require_site_admin

SHOWN = 50


@page
def index(request: PageRequest) -> HttpResponse:
    """Everybody; a POST makes an account and shows its password in the answer, this once."""
    require_site_admin(request.actor)
    form = PersonForm(request.POST or None)
    if request.method != "POST":
        return _show(request, form)
    password = services.random_password()
    made = form.attempt(lambda: services.create_user(actor=request.actor, password=password, **form.cleaned_data))
    if made is None:
        return _show(request, form)
    return _show(request, PersonForm(), given=(made, password))


@verb
def password(request: PageRequest, id: str) -> HttpResponse:
    """A new password for somebody who lost theirs."""
    user = find(_people(request.actor), id)
    new = services.random_password()
    services.reset_password(actor=request.actor, user=user, new=new)
    return _show(request, PersonForm(), given=(user, new))


@verb
def activity(request: PageRequest, id: str) -> HttpResponse:
    """Let nobody in by this account, or let them in again."""
    user = find(_people(request.actor), id)
    active = request.POST.get("active") == "yes"
    services.set_active(actor=request.actor, user=user, active=active)
    said = "may sign in again." if active else "is deactivated: sessions and tokens end within seconds."
    messages.success(request, f"{user.username} {said}")
    return redirect("people")


@verb
def site_admin(request: PageRequest, id: str) -> HttpResponse:
    """Make somebody a site admin, or no longer."""
    user = find(_people(request.actor), id)
    wanted = request.POST.get("site_admin") == "yes"
    services.set_site_admin(actor=request.actor, user=user, site_admin=wanted)
    messages.success(
        request, f"{user.username} is {'a' if wanted else 'no'} site admin {'now' if wanted else 'any more'}."
    )
    return redirect("people")


def _people(actor: Actor) -> QuerySet[User]:
    require_site_admin(actor)
    return User.objects.all()


def _show(request: PageRequest, form: PersonForm, *, given: tuple[User, str] | None = None) -> HttpResponse:
    facts: dict[str, Any] = {
        "rows": Paginator(User.objects.prefetch_related("memberships__team"), SHOWN).get_page(request.GET.get("page")),
        "form": form,
        "given": given,
    }
    return render(request, "people/index.html", facts, status=form.status)
