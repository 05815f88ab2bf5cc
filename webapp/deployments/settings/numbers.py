"""Aspects that are one whole number: how many copies, and how long a container has to stop."""

from typing import Any, ClassVar

from django import forms

from webapp.deployments.settings.aspect import Aspect, Values
from webapp.deployments.settings.sections import LIMITS_AND_RESTARTS, WHAT_RUNS
from webapp.findings import Findings

MAX_REPLICAS = 100
LONGEST_STOP = 300


class WholeNumber(Aspect):
    """Its box has its name."""

    low: ClassVar[int]
    high: ClassVar[int]
    label: ClassVar[str]
    always = True

    def clean(self, findings: Findings, value: object, at: str) -> int:
        return findings.whole(value, at, low=self.low, high=self.high)

    def boxes(self) -> dict[str, forms.Field]:
        return {self.name: forms.IntegerField(required=False, label=self.label)}

    def shown(self, value: int | None) -> Values:
        return {self.name: value}

    def carried(self, given: Values, former: Any) -> int | None:
        found: int | None = given[self.name]
        return found


class Replicas(WholeNumber):
    """How many copies run at first; scaling changes it afterwards."""

    name, default, section, label = "replicas", 1, WHAT_RUNS, "Replicas"
    low, high = 1, MAX_REPLICAS
    schema = {"type": "integer", "minimum": 1, "maximum": MAX_REPLICAS}
    carries = {"replicas": "replicas"}

    def boxes(self) -> dict[str, forms.Field]:
        return {"replicas": forms.IntegerField(required=False, label=self.label, initial=self.default)}


class StopTimeout(WholeNumber):
    """Seconds between the stop signal and the kill."""

    name, default, section, label = "stop_timeout", 10, LIMITS_AND_RESTARTS, "Seconds to stop in"
    low, high = 0, LONGEST_STOP
    schema = {"type": "integer", "minimum": 0, "maximum": LONGEST_STOP, "description": "Seconds."}
    carries = {"stop_timeout": "stop_timeout"}

    def unsaid(self) -> Any:
        return None


def clean_replicas(value: object) -> int:
    """How many copies. Raises `Invalid`."""
    findings = Findings()
    count = findings.whole(value, "replicas", low=1, high=MAX_REPLICAS)
    findings.settle()
    return count
