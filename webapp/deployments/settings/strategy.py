"""How one release takes over from another."""

from typing import Any, ClassVar

from django import forms

from webapp.deployments.settings.aspect import Aspect, Values
from webapp.deployments.settings.numbers import MAX_REPLICAS
from webapp.deployments.settings.sections import TAKING_OVER
from webapp.findings import Findings

ROLLING, RECREATE, BLUE_GREEN = "rolling", "recreate", "blue_green"
KINDS = (ROLLING, RECREATE, BLUE_GREEN)
COUNTS = ("surge", "unavailable")
WORDS = {
    ROLLING: "rolling: replica after replica",
    RECREATE: "recreate: all stop, then all start",
    BLUE_GREEN: "blue-green: all new ones prove themselves, then the old ones go",
}


class Strategy(Aspect):
    """Rolling, within how many copies may be extra (`surge`) and down (`unavailable`) at a time; or all at once."""

    name = "strategy"
    default: ClassVar[dict[str, Any]] = {"kind": ROLLING, "surge": 1, "unavailable": 0}
    section = TAKING_OVER
    carries = {
        "strategy": "strategy",
        "strategy.kind": "strategy",
        "strategy.surge": "surge",
        "strategy.unavailable": "unavailable",
    }
    schema = {
        "type": "object",
        "required": ["kind"],
        "additionalProperties": False,
        "properties": {
            "kind": {"type": "string", "enum": list(KINDS)},
            "surge": {
                "type": "integer",
                "minimum": 0,
                "maximum": MAX_REPLICAS,
                "description": "rolling only: so many copies more than wanted may run meanwhile.",
            },
            "unavailable": {
                "type": "integer",
                "minimum": 0,
                "maximum": MAX_REPLICAS,
                "description": "rolling only: so many replicas may be down meanwhile. One of both is at least 1.",
            },
        },
    }

    def clean(self, findings: Findings, value: object, at: str) -> dict[str, Any]:
        given = findings.known(value, at, ("kind", *COUNTS))
        clean: dict[str, Any] = {"kind": findings.choice(given.get("kind"), f"{at}.kind", KINDS)}
        for name in COUNTS:
            if name not in given:
                continue
            if clean["kind"] == ROLLING:
                clean[name] = findings.whole(given[name], f"{at}.{name}", low=0, high=MAX_REPLICAS)
            else:
                findings.add(f"{at}.{name}", "Only a rolling release has this.")
        if clean["kind"] == ROLLING and not any(self.whole(clean)[name] for name in COUNTS):
            findings.add(
                f"{at}.surge", "Where none may be extra, one has to be down for a while: one of both is at least 1."
            )
        return clean

    def whole(self, value: Any) -> Any:
        return {**self.default, **value} if value["kind"] == ROLLING else value

    def boxes(self) -> dict[str, forms.Field]:
        boxes: dict[str, forms.Field] = {
            "strategy": forms.ChoiceField(
                choices=list(WORDS.items()), required=False, label="A new release takes over by"
            ),
            "surge": forms.IntegerField(required=False, label="Rolling: copies extra meanwhile"),
            "unavailable": forms.IntegerField(required=False, label="Rolling: replicas down meanwhile"),
        }
        for name in COUNTS:
            boxes[name].widget.attrs["placeholder"] = self.default[name]
        return boxes

    def shown(self, value: Values) -> Values:
        return {"strategy": value.get("kind"), **{name: value.get(name) for name in COUNTS}}

    def carried(self, given: Values, former: Any) -> dict[str, Any] | None:
        """What is the default anyway is not said."""
        kind = given["strategy"] or ROLLING
        value = {"kind": kind, **_counts(given, kind)}
        return None if self.whole(value) == self.default else value

    def unsaid(self) -> Any:
        return {"kind": ROLLING}  # the counts stand as placeholders

    def carried_there(self, given: Values, everywhere: Any, former: Any) -> dict[str, Any] | None:
        usual = everywhere or self.default
        kind = given["strategy"] or usual["kind"]
        counts = _counts(given, kind)
        if not counts and not given["strategy"]:
            return None
        return {**(usual if kind == usual["kind"] else {}), **counts, "kind": kind}


def _counts(given: Values, kind: str) -> dict[str, int]:
    """What the boxes of a rolling release say; they say nothing to another."""
    return {name: given[name] for name in COUNTS if given[name] is not None} if kind == ROLLING else {}
