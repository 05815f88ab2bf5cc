"""Forms of deploy keys."""

from typing import Any

from django import forms

from webapp.deploykeys.knownhosts import MAX_BYTES
from webapp.page import Form, code_box

SHORT = 2000


class KnownHostsForm(Form):
    """Which servers it is for."""

    known_hosts = forms.CharField(
        required=False,
        max_length=2 * MAX_BYTES,
        widget=code_box(4, wrap="off"),
        label="Host keys of the Git server",
        help_text="As in a known_hosts file, one a line: git.example.org ssh-ed25519 AAAA… Take them from what the "
        "server's operator publishes. Another port than 22 is written [git.example.org]:2222.",
    )

    def carried(self) -> dict[str, Any]:
        """The verb's arguments."""
        return dict(self.cleaned_data)


class DeployKeyForm(KnownHostsForm):
    """A new pair."""

    name = forms.CharField(
        max_length=SHORT, label="Name", help_text="By which images name it: lower-case letters, digits and hyphens."
    )
    field_order = ("name", "known_hosts")
