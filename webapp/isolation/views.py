"""Pages of isolation profiles: all of them, one with who uses it, and the acts of the site admin."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from webapp.isolation import services
from webapp.isolation.definition import NOTHING_ALLOWED, NOTHING_SET
from webapp.isolation.forms import ChangeForm, ProfileForm, initial
from webapp.isolation.models import Profile
from webapp.isolation.using import Users
from webapp.page import PageRequest, find, look, page, verb
from webapp.teams.policy import require_site_admin


@look
def index(request: PageRequest) -> HttpResponse:
    """All of them: a team reads what it may pick."""
    facts = {"profiles": Profile.objects.order_by("-is_default", "slug"), "admin": request.actor.site_admin}
    return render(request, "isolation/index.html", facts)


@page
def new(request: PageRequest) -> HttpResponse:
    """A new one."""
    require_site_admin(request.actor)
    nothing = Profile(title="", sets=NOTHING_SET, allows=NOTHING_ALLOWED)
    form = ProfileForm(request.POST or None, initial=initial(nothing))
    if request.method == "POST":
        made = form.attempt(lambda: services.define_profile(actor=request.actor, **form.carried()))
        if made is not None:
            messages.success(request, f"Profile {made.slug} is there: services may name it.")
            return redirect("isolation_profile", made.id)
    return render(request, "isolation/new.html", {"form": form}, status=form.status)


@page
def show(request: PageRequest, id: str, users: Users) -> HttpResponse:
    """One, with its form for a site admin; who uses it is told the site admin alone, as it names other teams' work."""
    profile = find(Profile.objects.all(), id)
    form = ChangeForm(request.POST if request.method == "POST" else None, initial=initial(profile))
    if request.method == "POST":
        changed = form.attempt(lambda: services.change_profile(actor=request.actor, profile=profile, **form.carried()))
        if changed is not None:
            messages.success(request, "Saved. The next deployment of each service meets it.")
            return redirect("isolation_profile", id)
    admin = request.actor.site_admin
    facts = {"profile": profile, "form": form, "admin": admin, "uses": users(profile) if admin else ()}
    return render(request, "isolation/show.html", facts, status=form.status)


@verb
def default(request: PageRequest, id: str) -> HttpResponse:
    """From now on it holds where a service names none."""
    profile = services.make_default(actor=request.actor, profile=find(Profile.objects.all(), id))
    messages.success(request, f"{profile.title} holds where a service names no profile, from its next deployment on.")
    return redirect("isolation_profile", id)


@verb
def delete(request: PageRequest, id: str, users: Users) -> HttpResponse:
    """Unless it is the default or used."""
    profile = find(Profile.objects.all(), id)
    services.delete_profile(actor=request.actor, profile=profile, users=users)
    messages.success(request, f"Profile {profile.slug} is deleted.")
    return redirect("isolation_profiles")
