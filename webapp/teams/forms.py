"""Forms of teams, projects and tokens: they carry input to the verbs, which check it."""

from typing import Any

from django import forms
from django.http import QueryDict

from webapp.page import Form, choose_from
from webapp.teams.models import Project, Role, Team
from webapp.teams.policy import Action, Actor, Scope, may

MAX_TEXT = 500  # the verbs say the real limits
SLUG_HINT = "Lower-case letters, digits and hyphens. It stands in addresses and names of containers."


class NamedForm(Form):
    """A slug and a name."""

    name = forms.CharField(max_length=MAX_TEXT, label="Name")
    slug = forms.CharField(max_length=MAX_TEXT, label="Short name", help_text=SLUG_HINT)


class ProjectForm(NamedForm):
    """A new project, in one of the teams in which the actor may make one."""

    team = forms.ModelChoiceField(queryset=Team.objects.none(), label="Team", empty_label=None)

    def __init__(self, data: QueryDict | None = None, *, actor: Actor, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        own = [team.id for team in Team.objects.visible_to(actor) if may(actor, Action.DEFINE, team)]
        choose_from(self, "team", Team.objects.filter(id__in=own))


class RenameForm(Form):
    """Another name."""

    name = forms.CharField(max_length=MAX_TEXT, label="Name")


class PersonForm(Form):
    """A new account, made by a site admin."""

    username = forms.CharField(max_length=MAX_TEXT, label="User name")
    email = forms.EmailField(max_length=MAX_TEXT, required=False, label="E-mail")
    site_admin = forms.BooleanField(required=False, label="Site admin: manages people, teams and hosts")


class NewcomerForm(Form):
    """An account that a person makes by an invitation."""

    username = forms.CharField(
        max_length=MAX_TEXT,
        label="User name",
        widget=forms.TextInput({"autocomplete": "username", "autocapitalize": "none"}),
    )
    password = forms.CharField(
        max_length=MAX_TEXT,
        strip=False,
        label="Password",
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text="Long and not used elsewhere: a few words are good.",
    )


class InviteForm(Form):
    """An offer of a role, to a named person or to somebody new."""

    username = forms.CharField(
        max_length=MAX_TEXT,
        required=False,
        label="User name",
        help_text="Of somebody who has an account here. Leave it empty to invite somebody new.",
    )
    role = forms.ChoiceField(choices=Role.choices, label="Role", initial=Role.DEVELOPER)


class RoleForm(Form):
    """Another role for a member."""

    role = forms.ChoiceField(choices=Role.choices, label="Role")


class CodeForm(Form):
    """The code of an invitation."""

    code = forms.CharField(max_length=MAX_TEXT, label="Code of the invitation")


class TokenForm(Form):
    """A token: one's own, or a team's with a role."""

    name = forms.CharField(max_length=MAX_TEXT, label="Name", help_text="What it is for, such as: CI of the web shop.")
    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, scope.value) for scope in Scope],
        widget=forms.CheckboxSelectMultiple,
        label="It may",
        help_text="read: see. build: run builds. deploy: change what runs. approve: yes or no. admin: all you may.",
    )
    team = forms.ModelChoiceField(
        queryset=Team.objects.none(), required=False, label="Team", empty_label="every team of mine"
    )
    project = forms.ModelChoiceField(
        queryset=Project.objects.none(), required=False, label="Project", empty_label="every project"
    )
    role = forms.ChoiceField(
        choices=[("", "mine: the token is my own"), *Role.choices],
        required=False,
        label="Role",
        help_text="With a role the token is the team's: it stays when you leave.",
    )
    expires_at = forms.DateTimeField(
        required=False,
        label="Expires (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
    )

    def __init__(self, data: QueryDict | None = None, *, actor: Actor) -> None:
        super().__init__(data)
        choose_from(self, "team", Team.objects.visible_to(actor))
        choose_from(self, "project", Project.objects.visible_to(actor))
