"""Forms of hosts."""

import re

from django import forms
from django.http import QueryDict

from webapp.findings import Findings
from webapp.hosts.services import Room
from webapp.page import Form, choose_from, code_box
from webapp.teams.models import Team

_SIZE = re.compile(r"(\d{1,15})([bkmgt]?)")


class EnrollForm(Form):
    """A new host. Who is no site admin names the teams that it serves."""

    name = forms.CharField(max_length=500, label="Name", help_text="Lower-case letters, digits and hyphens.")
    every_team = forms.BooleanField(required=False, label="It serves every team")
    teams = forms.ModelMultipleChoiceField(
        queryset=Team.objects.none(), required=False, widget=forms.CheckboxSelectMultiple, label="It serves these teams"
    )

    def __init__(self, data: QueryDict | None = None, *, teams: list[Team], admin: bool) -> None:
        super().__init__(data)
        choose_from(self, "teams", Team.objects.filter(id__in=[team.id for team in teams]))
        if not admin:
            del self.fields["every_team"]
            self.fields["teams"].required = True


class ServingForm(Form):
    """Whom a host serves."""

    every_team = forms.BooleanField(required=False, label="Every team")
    teams = forms.ModelMultipleChoiceField(
        queryset=Team.objects.none(), required=False, widget=forms.CheckboxSelectMultiple, label="Or these teams"
    )

    def __init__(self, data: QueryDict | None = None, *, every_team: bool, teams: list[str]) -> None:
        super().__init__(data, initial={"every_team": every_team, "teams": teams})
        choose_from(self, "teams", Team.objects.all())


class RoomForm(Form):
    """What services may ask of a host, and how much of it they may take."""

    labels = forms.CharField(
        required=False, widget=code_box(3), max_length=8192, label="Labels", help_text="key=value, one a line."
    )
    max_replicas = forms.IntegerField(required=False, label="Replicas at most")
    max_cpus = forms.FloatField(required=False, label="CPUs at most", help_text="Together, by the limits of replicas.")
    max_memory = forms.CharField(
        required=False, max_length=20, label="Memory at most", help_text="Such as 12g. Empty boxes set no bound."
    )

    def room(self) -> Room:
        """Raises `Invalid` for a memory that is none."""
        findings = Findings()
        text = self.cleaned_data["max_memory"].strip()
        bytes_of = size(text)
        if text and bytes_of is None:
            findings.add("max_memory", "Bytes, or a text such as 512m or 12g.")
        findings.settle()
        return Room(cpus=self.cleaned_data["max_cpus"], memory=bytes_of, replicas=self.cleaned_data["max_replicas"])


def size(text: str) -> int | None:
    """Bytes of 512m, 12g or a plain number; None for nothing and for what is none."""
    match = _SIZE.fullmatch(text.lower())
    return int(match[1]) * 1024 ** "bkmgt".index(match[2] or "b") if match else None


class SlotsForm(Form):
    """How many builds run at once."""

    build_slots = forms.IntegerField(label="Builds at once")
