"""Forms of channels."""

from typing import Any

from django import forms
from django.http import QueryDict

from webapp import writing
from webapp.notices.events import EVENTS, OF_BUILDS, SAID, USUAL
from webapp.notices.models import Channel
from webapp.page import Form, code_box

LONG = 20_000  # the verbs say the real limits
KINDS = (
    ("webhook", "a webhook: JSON, signed"),
    ("apprise", "chat or mail, by a URL of Apprise"),
    ("commit_status", "the status of the commit, at a code host"),
)
FORGES = (("", "of a commit status only"), ("github", "GitHub"), ("gitlab", "GitLab"), ("gitea", "Gitea or Forgejo"))
NAMED = [(event, f"{event.partition('.')[0]} {SAID[event]}") for event in EVENTS]


class UnreadLine(forms.PasswordInput):
    """What was typed is not sent back, not even to be corrected."""

    def __init__(self) -> None:
        super().__init__(attrs={"autocomplete": "off", "class": "mono", "spellcheck": "false"}, render_value=False)


def _patterns(label: str) -> forms.CharField:
    return forms.CharField(
        required=False,
        max_length=LONG,
        label=label,
        widget=code_box(2),
        help_text="One pattern a line. None: all of them.",
    )


def _credential() -> forms.CharField:
    return forms.CharField(
        required=False,
        max_length=500,
        label="Secret with the token",
        help_text="Of a commit status: the name of a secret of the whole project, kept to sign in with.",
    )


class ChangeForm(Form):
    """What is told, of what, to where."""

    url = forms.CharField(
        required=False,
        max_length=LONG,
        label="New address",
        widget=UnreadLine(),
        help_text="Nothing typed: it stays as it is. It is never shown again.",
    )
    credential = _credential()
    events = forms.MultipleChoiceField(choices=NAMED, required=False, widget=forms.CheckboxSelectMultiple)
    images = _patterns("Images")
    environments = _patterns("Environments")
    enabled = forms.BooleanField(required=False, label="Switched on")
    field_order = ("url", "credential", "events", "images", "environments", "enabled")

    def __init__(self, data: QueryDict | None = None, *, channel: Channel) -> None:
        patterns = {name: "\n".join(getattr(channel, name)) for name in ("images", "environments")}
        kept = {"events": channel.events, "credential": channel.credential, "enabled": channel.enabled}
        super().__init__(data, initial={**kept, **patterns})
        if channel.kind == "commit_status":
            _offer(self, OF_BUILDS)
        else:
            del self.fields["credential"]

    def carried(self) -> dict[str, Any]:
        """The verb's arguments."""
        given = _carried(self.cleaned_data)
        return given if given["url"] else {name: value for name, value in given.items() if name != "url"}


class ChannelForm(Form):
    """A new channel."""

    name = forms.CharField(max_length=500, help_text="A short name, such as chat or build-status.")
    kind = forms.ChoiceField(choices=KINDS)
    url = forms.CharField(
        max_length=LONG,
        label="Address",
        widget=UnreadLine(),
        help_text="https://… of a webhook; a URL of Apprise, such as slack://… or mailtos://…; or where the API of the "
        "code host begins, such as https://git.example.org/api/v1. It is kept encrypted and never shown again.",
    )
    forge = forms.ChoiceField(choices=FORGES, required=False, label="Code host")
    credential = _credential()
    events = forms.MultipleChoiceField(
        choices=NAMED,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="A commit status tells of builds only.",
    )
    images = _patterns("Images")
    environments = _patterns("Environments")

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, initial={"events": USUAL})

    def carried(self) -> dict[str, Any]:
        """The verb's arguments. For a commit status, the events of deployments that were ticked are left out."""
        given = _carried(self.cleaned_data)
        if given["kind"] == "commit_status":
            given["events"] = [event for event in given["events"] if event in OF_BUILDS]
        return given


def _carried(cleaned: dict[str, Any]) -> dict[str, Any]:
    return {**cleaned, **{name: writing.lines(cleaned[name]) for name in ("images", "environments")}}


def _offer(form: forms.Form, events: tuple[str, ...]) -> None:
    field = form.fields["events"]
    if not isinstance(field, forms.MultipleChoiceField):
        raise TypeError("events")
    field.choices = [(event, text) for event, text in NAMED if event in events]
