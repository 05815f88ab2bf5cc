"""Forms of environments and secrets."""

from typing import Any

from django import forms
from django.http import QueryDict

from webapp import writing
from webapp.environments import timetable
from webapp.environments.models import Environment, Use
from webapp.hosts.models import Host
from webapp.page import Form, choose_from, code_box
from webapp.teams.models import Project

LONG = 512 * 1024  # the verbs say the real limits
HOSTS = "Where its containers run. Without one nothing can be deployed here; it may be chosen later."
ORDER = "1 is where a build is tried first; each next one is where it is promoted to: dev 1, staging 2, production 3."
SKIPPING = [
    ("", "is refused where it is protected"),
    ("no", "is refused: the digest succeeds there first"),
    ("yes", "may run here"),
]
WINDOWS = "When deployments may start, one a line: mon-fri 09:00-17:00 Europe/Berlin. None: always."
FREEZES = "When none may, with the reason, one a line: 2026-12-20T00:00Z 2027-01-04T08:00Z the year ends."


class PlaceForm(Form):
    """Where it stands on the way to production, how it is protected, on which hosts it runs."""

    slug = forms.CharField(label="Short name", max_length=500, help_text="Such as dev, staging, production.")
    rank = forms.IntegerField(label="Order on the way to production", help_text=ORDER)
    hosts = forms.ModelMultipleChoiceField(
        queryset=Host.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Hosts",
        help_text=HOSTS,
    )
    protected = forms.BooleanField(required=False, label="Protected: only operators change what runs here")
    required_approvals = forms.IntegerField(
        required=False,
        label="Approvals of other people that each plan needs",
        help_text="For protected environments. Nobody approves what they asked for or changed themselves.",
    )
    approval_hours = forms.IntegerField(required=False, label="Hours after which an approval counts no more")
    allow_skipping = forms.ChoiceField(required=False, choices=SKIPPING, label="What skipped the environment before")
    windows = forms.CharField(
        required=False, max_length=LONG, widget=code_box(2), label="Deployment windows", help_text=WINDOWS
    )
    freezes = forms.CharField(required=False, max_length=LONG, widget=code_box(2), label="Freezes", help_text=FREEZES)

    def __init__(
        self, data: QueryDict | None = None, *, project: Project, environment: Environment | None = None
    ) -> None:
        super().__init__(data, initial=_place(project, environment))
        serving = Host.objects.serving(project.team_id).exclude(credential_digest="")
        choose_from(self, "hosts", serving.order_by("name"))
        if environment is None and serving.count() == 1:  # what else would be meant
            self.initial["hosts"] = [serving.get().id]

    def carried(self) -> dict[str, Any]:
        """The verb's arguments."""
        given = dict(self.cleaned_data)
        given["hosts"] = list(given["hosts"])
        given["required_approvals"] = given["required_approvals"] or 0
        if given["approval_hours"] is None:
            given["approval_hours"] = Environment().approval_hours
        given["allow_skipping"] = {"yes": True, "no": False}.get(given["allow_skipping"])
        given["windows"] = timetable.read_windows(given["windows"])
        given["freezes"] = timetable.read_freezes(given["freezes"])
        return given


def _place(project: Project, environment: Environment | None) -> dict[str, Any]:
    """As it is; a new one stands to the right of all others."""
    if environment is None:
        last = Environment.objects.filter(project=project).order_by("-rank").values_list("rank", flat=True).first()
        return {"rank": (last or 0) + 1, "required_approvals": 0, "approval_hours": Environment().approval_hours}
    return {
        "slug": environment.slug,
        "rank": environment.rank,
        "hosts": list(environment.hosts.values_list("id", flat=True)),
        "protected": environment.protected,
        "required_approvals": environment.required_approvals,
        "approval_hours": environment.approval_hours,
        "allow_skipping": "yes" if environment.allow_skipping else "no",
        "windows": timetable.write_windows(environment.windows),
        "freezes": timetable.write_freezes(environment.freezes),
    }


class VariablesForm(Form):
    """What every container here finds in its environment."""

    variables = forms.CharField(
        required=False,
        max_length=LONG,
        widget=code_box(6),
        label="Variables",
        help_text="NAME=value, one a line; a value of several lines in quotes, as in JSON. "
        "Plain to everybody of the team; what is confidential is a secret.",
    )

    def carried(self) -> dict[str, str]:
        """Name to value."""
        return writing.pairs(self.cleaned_data["variables"])


class UnreadArea(forms.Textarea):
    """What was typed is not sent back, not even to be corrected."""

    def format_value(self, value: Any) -> None:
        return None


class SecretForm(Form):
    """A new secret, or a new version of one."""

    use = forms.ChoiceField(
        required=False,
        choices=[
            (Use.VARIABLE, "the program reads it: containers get it as a variable"),
            (Use.CREDENTIAL, "fetching sources: builds sign in to a Git repository with it (user:password)"),
            (Use.BUILD, "building: steps of a Dockerfile mount it as a file, and the image does not keep it"),
        ],
        widget=forms.RadioSelect,
        label="What it is for",
    )
    environment = forms.ModelChoiceField(
        queryset=Environment.objects.none(), required=False, empty_label="every environment", label="For"
    )
    name = forms.CharField(label="Name", max_length=500, help_text="Of the variable, or by which an image names it.")
    value = forms.CharField(
        label="Value",
        max_length=LONG,
        strip=False,
        widget=UnreadArea(attrs={"rows": 3, "class": "mono", "spellcheck": "false", "autocomplete": "off"}),
        help_text="Nobody reads it back. Under six characters it cannot be masked in logs.",
    )

    def __init__(self, data: QueryDict | None = None, *, project: Project, environment: str = "") -> None:
        super().__init__(data, initial={"environment": environment or None, "use": Use.VARIABLE})
        choose_from(self, "environment", Environment.objects.filter(project=project))

    def carried(self) -> dict[str, Any]:
        """The verb's arguments. Browsers send lines with CR LF, which keys and certificates do not bear."""
        given = self.cleaned_data
        return {**given, "use": given["use"] or None, "value": given["value"].replace("\r\n", "\n")}
