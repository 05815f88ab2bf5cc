"""Where a service may run, and what becomes of its copies on a host that is not heard any more."""

from typing import Any, ClassVar

from django import forms

from webapp import writing
from webapp.deployments.settings.aspect import Aspect, Values
from webapp.deployments.settings.sections import PLACEMENT
from webapp.deployments.settings.texts import NONE
from webapp.findings import Findings
from webapp.hosts.labels import MAX_LABELS, clean_labels
from webapp.page import code_box

BY_HAND, AUTOMATIC = "by_hand", "automatic"
WORDS = {
    BY_HAND: "by hand: a person moves it, since it may still run there",
    AUTOMATIC: "by itself: two copies at once do no harm",
}
SHORTEST, LONGEST = 30, 86_400  # seconds of silence
LONG = 8 * 1024


class Placement(Aspect):
    """Labels that its hosts have; whether copies on a silent host are made elsewhere by hand or by themselves."""

    name = "placement"
    default: ClassVar[dict[str, Any]] = {"labels": {}, "when_silent": BY_HAND, "after": 120}
    section = PLACEMENT
    carries = {
        "placement": "placement_labels",
        "placement.labels": "placement_labels",
        "placement.when_silent": "when_silent",
        "placement.after": "silent_after",
    }
    schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "labels": {
                "type": "object",
                "maxProperties": MAX_LABELS,
                "additionalProperties": {"type": "string"},
                "description": "A host takes it only with all of these labels.",
            },
            "when_silent": {
                "type": "string",
                "enum": list(WORDS),
                "description": "Its copies on a host that is not heard: moved by a person, or by themselves. The "
                "latter may run two copies for as long as the host runs on unheard.",
            },
            "after": {
                "type": "integer",
                "minimum": SHORTEST,
                "maximum": LONGEST,
                "description": "Seconds of silence before they move by themselves.",
            },
        },
    }

    def clean(self, findings: Findings, value: object, at: str) -> dict[str, Any]:
        given = findings.known(value, at, tuple(self.default))
        clean: dict[str, Any] = {}
        if "labels" in given:
            clean["labels"] = clean_labels(findings, given["labels"], f"{at}.labels")
        if "when_silent" in given:
            clean["when_silent"] = findings.choice(given["when_silent"], f"{at}.when_silent", tuple(WORDS))
        if "after" in given:
            clean["after"] = findings.whole(given["after"], f"{at}.after", low=SHORTEST, high=LONGEST)
        return clean

    def whole(self, value: Any) -> Any:
        return {**self.default, **value}

    def boxes(self) -> dict[str, forms.Field]:
        return {
            "placement_labels": forms.CharField(
                required=False,
                widget=code_box(2),
                max_length=LONG,
                label="Labels that its hosts have",
                help_text="key=value, one a line. Empty: any host of the environment.",
            ),
            "when_silent": forms.ChoiceField(
                choices=list(WORDS.items()), required=False, label="When its host is not heard, it moves"
            ),
            "silent_after": forms.IntegerField(
                required=False, label="By itself after seconds", widget=_placeholder(self.default["after"])
            ),
        }

    def shown(self, value: Values) -> Values:
        return {
            "placement_labels": writing.pairs_text(value.get("labels", {})),
            "when_silent": value.get("when_silent"),
            "silent_after": value.get("after"),
        }

    def carried(self, given: Values, former: Any) -> dict[str, Any] | None:
        """What is the default anyway is not said."""
        value = _said(given)
        return value if self.whole(value) != self.default else None

    def unsaid(self) -> Any:
        return {"when_silent": BY_HAND}

    def shown_there(self, value: Any, everywhere: Any) -> Values:
        labels = value.get("labels")
        return {**self.shown(value), "placement_labels": NONE if labels == {} else writing.pairs_text(labels or {})}

    def carried_there(self, given: Values, everywhere: Any, former: Any) -> dict[str, Any] | None:
        value = _said(given)
        return {**(everywhere or {}), **value} if value else None

    def box_there(self, name: str, box: forms.Field) -> None:
        super().box_there(name, box)
        if name == "placement_labels":
            box.help_text = "One a line; none: any host of the environment."


def _said(given: Values) -> dict[str, Any]:
    labels = given["placement_labels"].strip()
    return {
        **({"labels": {} if labels == NONE else writing.pairs(labels)} if labels else {}),
        **({"when_silent": given["when_silent"]} if given["when_silent"] else {}),
        **({"after": given["silent_after"]} if given["silent_after"] is not None else {}),
    }


def _placeholder(value: int) -> forms.NumberInput:
    return forms.NumberInput(attrs={"placeholder": value})
