"""Forms of registries."""

from typing import Any

from django import forms

from webapp.page import Form
from webapp.registries.services import MAX_PASSWORD

SHORT = 2000


def _secret() -> forms.CharField:
    return forms.CharField(
        required=False,
        strip=False,
        max_length=MAX_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        label="Password or token",
    )


class ChangeForm(Form):
    """What can be changed of one. The password is not shown, and stays when nothing is typed."""

    carries = {"prefix": "path"}

    path = forms.CharField(
        required=False,
        max_length=SHORT,
        label="Prefix",
        help_text="What stands before an image's name there, such as team/app.",
    )
    username = forms.CharField(required=False, max_length=SHORT, label="User", help_text="Neither for a public one.")
    password = _secret()

    def carried(self) -> dict[str, Any]:
        """The verb's arguments."""
        given = dict(self.cleaned_data)
        return given | {"prefix": given.pop("path")}


class RegistryForm(ChangeForm):
    """A new registry."""

    url = forms.CharField(
        max_length=SHORT, label="Address", help_text="The host, with a port where needed: registry.example.org:5000."
    )
    field_order = ("url", "path", "username", "password")
