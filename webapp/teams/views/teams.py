"""Pages of teams: the list, a new one, one team with its people, offers and rights."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now

from webapp.page import PageRequest, find, look, page, verb
from webapp.teams import services
from webapp.teams.forms import CodeForm, InviteForm, NamedForm, RenameForm, RoleForm
from webapp.teams.models import Invitation, Membership, Team
from webapp.teams.policy import ROLE_ORDER, ROLES, Action, Actor, may


@look
def index(request: PageRequest) -> HttpResponse:
    """The teams of the person, and where to spend an invitation."""
    actor = request.actor
    teams = Team.objects.visible_to(actor).prefetch_related("memberships__user", "projects")
    facts = {
        "teams": [(team, actor.roles.get(team.id, "none")) for team in teams],
        "makes": settings.ANYONE_MAKES_TEAMS or actor.site_admin,
        "form": CodeForm(),
    }
    return render(request, "teams/index.html", facts)


@page
def new(request: PageRequest) -> HttpResponse:
    """Make a team."""
    actor = request.actor
    form = NamedForm(request.POST or None)
    if request.method == "POST":
        team = form.attempt(lambda: services.create_team(actor=actor, **form.cleaned_data))
        if team is not None:
            return redirect("team", team.id)
    facts = {"title": "New team", "form": form, "say": "Make the team", "back": reverse("teams")}
    facts["lead"] = "You become its owner, and invite the others."
    return render(request, "parts/form_page.html", facts, status=form.status)


@look
def show(request: PageRequest, id: str) -> HttpResponse:
    """People, offers and the table of rights as it is enforced."""
    team = find(Team.objects.visible_to(request.actor), id)
    return _show(request, team, InviteForm())


@page
def invite(request: PageRequest, id: str) -> HttpResponse:
    """Offer a role; the link is shown this once."""
    actor = request.actor
    team = find(Team.objects.visible_to(actor), id)
    if request.method != "POST":
        return redirect("team", team.id)
    form = InviteForm(request.POST)
    offered = form.attempt(lambda: services.invite(actor=actor, team=team, **form.cleaned_data))
    if offered is None:
        return _show(request, team, form)
    invitation, code = offered
    link = request.build_absolute_uri(reverse("join", args=[code]))
    return _show(request, team, InviteForm(), offered={"invitation": invitation, "code": code, "link": link})


@page
def accept(request: PageRequest) -> HttpResponse:
    """Spend an invitation."""
    actor = request.actor
    form = CodeForm(request.POST or None)
    if request.method == "POST":
        membership = form.attempt(
            lambda: services.accept_invitation(actor=actor, code=form.cleaned_data["code"].strip())
        )
        if membership is not None:
            messages.success(request, f"Welcome to {membership.team.name}: you are its {membership.role} now.")
            return redirect("team", membership.team_id)
    facts = {"title": "Join a team", "form": form, "say": "Join the team", "back": reverse("teams")}
    return render(request, "parts/form_page.html", facts, status=form.status)


@verb
def withdraw(request: PageRequest, id: str) -> HttpResponse:
    """Take an offer back."""
    teams = Team.objects.visible_to(request.actor)
    invitation = find(Invitation.objects.filter(team__in=teams).select_related("team"), id)
    services.withdraw_invitation(actor=request.actor, invitation=invitation)
    return redirect("team", invitation.team_id)


@page
def rename(request: PageRequest, id: str) -> HttpResponse:
    """Another name for people."""
    actor = request.actor
    team = find(Team.objects.visible_to(actor), id)
    form = RenameForm(request.POST or None, initial={"name": team.name})
    if request.method == "POST":
        renamed = form.attempt(lambda: services.rename_team(actor=actor, team=team, **form.cleaned_data))
        if renamed is not None:
            return redirect("team", team.id)
    facts = {"title": f"Rename {team.slug}", "form": form, "say": "Rename the team", "back": reverse("team", args=[id])}
    return render(request, "parts/form_page.html", facts, status=form.status)


@verb
def delete(request: PageRequest, id: str) -> HttpResponse:
    """End a team without projects."""
    team = find(Team.objects.visible_to(request.actor), id)
    services.delete_team(actor=request.actor, team=team)
    messages.success(request, f"Team {team.name} is deleted.")
    return redirect("teams")


@page
def change_role(request: PageRequest, id: str) -> HttpResponse:
    """Another role for a member."""
    actor = request.actor
    membership = find(Membership.objects.visible_to(actor).select_related("team", "user"), id)
    form = RoleForm(request.POST or None, initial={"role": membership.role})
    if request.method == "POST":
        given = form.attempt(lambda: services.change_role(actor=actor, membership=membership, **form.cleaned_data))
        if given is not None:
            return redirect("team", membership.team_id)
    facts = {"title": f"Role of {membership.user.username}", "form": form, "say": "Give this role"}
    facts["back"] = reverse("team", args=[membership.team_id])
    return render(request, "parts/form_page.html", facts, status=form.status)


@verb
def remove(request: PageRequest, id: str) -> HttpResponse:
    """End a membership, one's own too."""
    actor = request.actor
    membership = find(Membership.objects.visible_to(actor).select_related("team", "user"), id)
    services.remove_member(actor=actor, membership=membership)
    messages.success(request, f"{membership.user.username} is no member of {membership.team.name} any more.")
    left = actor.user is not None and actor.user.id == membership.user_id and not actor.site_admin
    return redirect("teams") if left else redirect("team", membership.team_id)


def _show(request: PageRequest, team: Team, form: InviteForm, *, offered: dict[str, Any] | None = None) -> HttpResponse:
    actor = request.actor
    administers = may(actor, Action.ADMINISTER, team) or actor.site_admin
    open_offers = team.invitations.filter(accepted_at=None, expires_at__gt=now()).select_related("created_by")
    facts = {
        "team": team,
        "role": actor.roles.get(team.id),
        "memberships": team.memberships.select_related("user"),
        "projects": team.projects.all() if team.id in actor.roles else [],
        "administers": administers,
        "invitations": open_offers if administers else [],
        "form": form,
        "offered": offered,
        "own_role": actor.roles.get(team.id),
        **_matrix(actor),
    }
    return render(request, "teams/show.html", facts, status=form.status)


def _matrix(actor: Actor) -> dict[str, Any]:
    """The table of rights, read from the one that is enforced."""
    rows = [(action.value, MEANING[action], [action in ROLES[role] for role in ROLE_ORDER]) for action in Action]
    return {"roles": [str(role) for role in ROLE_ORDER], "matrix": rows}


MEANING = {
    Action.SEE: "see projects, images, builds, services, deployments, replicas, logs, audit",
    Action.DEFINE: "define images and services, set variables",
    Action.BUILD: "run, cancel and retry builds",
    Action.DEPLOY: "deploy, promote, roll back, scale, restart, stop: unprotected environments",
    Action.REQUEST: "ask for the same in a protected environment, where it waits for approval",
    Action.DEPLOY_PROTECTED: "carry it out there where no approval is required",
    Action.APPROVE: "approve or reject other people's requests, and review their emergencies",
    Action.EMERGENCY: "go past approvals, windows and freezes in an emergency, which somebody reviews afterwards",
    Action.ENTER: "open a terminal: unprotected environments",
    Action.ENTER_PROTECTED: "open a terminal: protected environments",
    Action.SET_SECRET: "set secrets: unprotected environments",
    Action.SET_SECRET_PROTECTED: "set secrets: protected environments",
    Action.OPERATE: "environments, protection, hosts given to the team, draining",
    Action.ADMINISTER: "members, roles, team tokens, deleting a project",
}
