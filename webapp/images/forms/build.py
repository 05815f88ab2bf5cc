"""The form of one build."""

from typing import Any

from django import forms

from webapp import writing
from webapp.images.forms.boxes import LONG, SHORT
from webapp.page import Form, code_box


class BuildForm(Form):
    """What differs for one build."""

    ref = forms.CharField(required=False, max_length=SHORT, label="Branch, tag or commit")
    args = forms.CharField(
        required=False,
        widget=code_box(3),
        max_length=LONG,
        label="Build arguments",
        help_text="NAME=value, one a line.",
    )
    no_cache = forms.BooleanField(required=False, label="Build every step anew, without the cache")

    def carried(self) -> dict[str, Any]:
        """The verb's arguments."""
        given = self.cleaned_data
        return {
            "ref": given["ref"] or None,
            "args": writing.pairs(given["args"]) or None,
            "no_cache": given["no_cache"],
        }
