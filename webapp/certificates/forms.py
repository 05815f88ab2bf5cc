"""The form of certificates."""

from typing import Any

from django import forms

from webapp.certificates.reading import MAX_BYTES
from webapp.page import Form, code_box

SHORT = 2000


class KeyBox(forms.Textarea):
    """What was typed is not sent back, not even to be corrected."""

    def format_value(self, value: Any) -> None:
        return None


class CertificateForm(Form):
    """A chain with its key."""

    name = forms.CharField(
        max_length=SHORT,
        label="Name",
        help_text="Lower-case letters, digits and hyphens. One of this name is replaced.",
    )
    chain = forms.CharField(
        max_length=2 * MAX_BYTES,
        widget=code_box(5, wrap="off"),
        label="Certificate and what issued it",
        help_text="As PEM, one's own first: what authorities call the full chain.",
    )
    key = forms.CharField(
        max_length=2 * MAX_BYTES,
        widget=KeyBox(attrs={"rows": 4, "class": "mono", "spellcheck": "false", "autocomplete": "off"}),
        label="Private key",
        help_text="As PEM, without a password. It is encrypted here, and nobody reads it back.",
    )

    def carried(self) -> dict[str, Any]:
        """The verb's arguments."""
        return dict(self.cleaned_data)
