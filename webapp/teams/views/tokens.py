"""Pages of tokens: one's own and those of teams one owns; a secret is shown once."""

from datetime import UTC
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from webapp.page import PageRequest, find, page, verb
from webapp.teams.forms import TokenForm
from webapp.teams.models import Token
from webapp.teams.policy import Actor
from webapp.teams.services import create_token, revoke_token


@page
def index(request: PageRequest) -> HttpResponse:
    """The list; a POST makes one and shows its secret in the answer, this once."""
    actor = request.actor
    form = TokenForm(request.POST or None, actor=actor)
    made: tuple[Token, str] | None = None
    if request.method == "POST":
        made = form.attempt(lambda: _create(actor, form.cleaned_data))
        if made is not None:
            form = TokenForm(actor=actor)
    tokens = Token.objects.visible_to(actor).select_related("user", "team", "project", "created_by")
    facts = {"tokens": tokens, "form": form, "made": made}
    return render(request, "tokens/index.html", facts, status=form.status)


@verb
def revoke(request: PageRequest, id: str) -> HttpResponse:
    """End a token."""
    token = find(Token.objects.visible_to(request.actor).select_related("team"), id)
    revoke_token(actor=request.actor, token=token)
    messages.success(request, f"Token {token.name} is revoked.")
    return redirect("tokens")


def _create(actor: Actor, given: dict[str, Any]) -> tuple[Token, str]:
    expires_at = given["expires_at"]
    return create_token(
        actor=actor,
        name=given["name"],
        scopes=given["scopes"],
        user=None if given["role"] else actor.user,
        team=given["team"],
        role=given["role"],
        project=given["project"],
        expires_at=expires_at.astimezone(UTC) if expires_at is not None else None,
    )
