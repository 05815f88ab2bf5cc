"""How far a container reaches: the profile that it is under, and what it asks for beyond or instead."""

from typing import Any, ClassVar

from django import forms

from webapp.deployments.settings.aspect import AS_ABOVE, Aspect, Values
from webapp.deployments.settings.sections import ISOLATION
from webapp.deployments.settings.texts import LONG
from webapp.findings import Findings
from webapp.isolation import words
from webapp.isolation.cleaning import SCHEMAS, SETTABLE, settable
from webapp.isolation.profiles import choices
from webapp.page import code_box

HINT = (
    "One a line; empty: what the profile sets. capabilities NET_BIND_SERVICE, read_only yes, tmpfs /tmp 64m, "
    "user 1000:1000, runtime runsc, no_new_privileges no."
)


class Isolation(Aspect):
    """What is said here is all that differs from the profile; a release freezes what comes of both."""

    name = "isolation"
    default: ClassVar[dict[str, Any]] = {}
    section = ISOLATION
    carries = {"isolation": "isolation", "isolation.profile": "isolation_profile"}
    schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "profile": {"type": "string", "maxLength": 40, "description": "Slug; left out: the default profile."},
            **SCHEMAS,
        },
        "description": "What is left out is as the profile sets it. A release holds what came of both.",
    }

    def clean(self, findings: Findings, value: object, at: str) -> dict[str, Any]:
        given = findings.known(value, at, ("profile", *SETTABLE))
        named = {"profile": findings.slug(given["profile"], f"{at}.profile")} if "profile" in given else {}
        return {**named, **settable(findings, given, at)}

    def boxes(self) -> dict[str, forms.Field]:
        return {
            "isolation_profile": forms.ChoiceField(required=False, choices=choices, label="Profile"),
            "isolation": forms.CharField(
                required=False, widget=code_box(3), max_length=LONG, label="Beyond the profile", help_text=HINT
            ),
        }

    def shown(self, value: Values) -> Values:
        said = {name: member for name, member in value.items() if name != "profile"}
        return {"isolation_profile": value.get("profile", ""), "isolation": words.asked_text(said)}

    def carried(self, given: Values, former: Any) -> dict[str, Any] | None:
        named = {"profile": given["isolation_profile"]} if given["isolation_profile"] else {}
        return {**named, **words.asked(given["isolation"])} or None

    def box_there(self, name: str, box: forms.Field) -> None:
        """The default profile has no name among those of everywhere; here it has, as empty is as above."""
        super().box_there(name, box)
        if isinstance(box, forms.ChoiceField):
            box.choices = lambda: [("", AS_ABOVE), *((slug, title) for slug, title in choices() if slug)]
