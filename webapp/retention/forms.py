"""The form of a rule."""

from django import forms

from webapp.page import Form
from webapp.retention.models import DEFAULT_KEEP, DEFAULT_RELEASES, RetentionRule
from webapp.retention.services import RuleSettings


class RuleForm(Form):
    """What stays. A build stays when any of these says so."""

    keep = forms.IntegerField(label="Last builds", help_text="So many of the last that succeeded stay.")
    days = forms.IntegerField(
        required=False,
        label="Days",
        help_text="Younger ones stay too. Empty: age keeps none but those of the last hour.",
    )
    releases = forms.IntegerField(
        label="Releases to go back to", help_text="Of each service in each environment, what runs among them."
    )
    keep_tagged = forms.BooleanField(required=False, label="Builds of a Git tag stay")

    def settings(self) -> RuleSettings:
        """The verb's argument."""
        return RuleSettings(**self.cleaned_data)


def words_of(rule: RetentionRule | None) -> dict[str, object]:
    """What the form begins with."""
    if rule is None:
        return {"keep": DEFAULT_KEEP, "releases": DEFAULT_RELEASES, "keep_tagged": True}
    return {"keep": rule.keep, "days": rule.days, "releases": rule.releases, "keep_tagged": rule.keep_tagged}
