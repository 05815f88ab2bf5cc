"""Forms of hosts."""

from django import forms
from django.http import QueryDict

from webapp.page import Form, choose_from
from webapp.teams.models import Team


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


class SlotsForm(Form):
    """How many builds run at once."""

    build_slots = forms.IntegerField(label="Builds at once")
