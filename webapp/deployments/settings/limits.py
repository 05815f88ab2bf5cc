"""Ceilings of one container, and what happens when it exits."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from webapp import writing
from webapp.deployments.settings.aspect import Aspect, Values
from webapp.deployments.settings.sections import LIMITS_AND_RESTARTS
from webapp.deployments.settings.texts import LONG
from webapp.findings import Findings
from webapp.isolation import words
from webapp.page import code_box

MEMORY_LOW = 6 * 1024**2  # the engine's own minimum
MEMORY_HIGH = 256 * 1024**3
CPUS_LOW, CPUS_HIGH = 0.01, 256.0
PIDS_LOW, PIDS_HIGH = 1, 32768
MAX_RETRIES = 100
POLICIES = ("unless-stopped", "on-failure", "no")
MORE: Mapping[str, tuple[int, int]] = {  # lowest and highest of what is no limit where nothing is said
    "nofile": (16, 1024**2),  # open files of one process
    "io_weight": (10, 1000),
    "read_bps": (1024, 1024**4),  # bytes a second
    "write_bps": (1024, 1024**4),
}
_MEMORY = re.compile(r"(\d{1,15})\s*(|b|k|kb|kib|m|mb|mib|g|gb|gib)", re.IGNORECASE)
HINT = "One a line: nofile 4096 (open files), read_bps 10m and write_bps 10m (of the disk, a second), io_weight 100."
_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


class Limits(Aspect):
    """Bytes of memory, CPUs as a fraction, number of processes; and those of MORE that are said."""

    name = "limits"
    default: ClassVar[dict[str, Any]] = {"memory": 512 * 1024**2, "cpus": 1.0, "pids": 256}
    section = LIMITS_AND_RESTARTS
    always = True
    carries = {"limits.memory": "memory", "limits.cpus": "cpus", "limits.pids": "pids", "limits": "more_limits"}
    schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "memory": {
                "oneOf": [
                    {"type": "integer", "minimum": MEMORY_LOW, "maximum": MEMORY_HIGH},
                    {"type": "string", "pattern": r"^[0-9]{1,6}[mM]$"},
                ],
                "description": "Bytes, or a text such as 64m or 1g; at least 6m. Answered in bytes.",
            },
            "cpus": {"type": "number", "minimum": CPUS_LOW, "maximum": CPUS_HIGH},
            "pids": {"type": "integer", "minimum": PIDS_LOW, "maximum": PIDS_HIGH},
            **{name: {"type": "integer", "minimum": low, "maximum": high} for name, (low, high) in MORE.items()},
        },
    }

    def clean(self, findings: Findings, value: object, at: str) -> dict[str, Any]:
        given = findings.known(value, at, (*self.default, *MORE))
        clean: dict[str, Any] = {}
        if "memory" in given:
            clean["memory"] = memory(findings, given["memory"], f"{at}.memory")
        if "cpus" in given:
            clean["cpus"] = findings.number(given["cpus"], f"{at}.cpus", low=CPUS_LOW, high=CPUS_HIGH)
        if "pids" in given:
            clean["pids"] = findings.whole(given["pids"], f"{at}.pids", low=PIDS_LOW, high=PIDS_HIGH)
        for name, (low, high) in MORE.items():
            if name in given:
                clean[name] = findings.whole(given[name], f"{at}.{name}", low=low, high=high)
        return clean

    def whole(self, value: Any) -> Any:
        return {**self.default, **value}

    def boxes(self) -> dict[str, forms.Field]:
        boxes: dict[str, forms.Field] = {
            "memory": forms.CharField(
                required=False, max_length=40, label="Memory at most", help_text="Such as 64m or 1g."
            ),
            "cpus": forms.FloatField(required=False, label="CPUs at most"),
            "pids": forms.IntegerField(required=False, label="Processes at most"),
            "more_limits": forms.CharField(
                required=False, widget=code_box(2), max_length=LONG, label="More limits", help_text=HINT
            ),
        }
        for name, value in self.shown(self.default).items():
            boxes[name].widget.attrs["placeholder"] = value
        return boxes

    def shown(self, value: Values) -> Values:
        return {
            "memory": writing.memory_text(value.get("memory")),
            "cpus": value.get("cpus"),
            "pids": value.get("pids"),
            "more_limits": words.numbers_text({name: value[name] for name in MORE if name in value}),
        }

    def carried(self, given: Values, former: Any) -> dict[str, Any]:
        typed = {name: given[name] for name in self.default if given[name] not in (None, "")}
        return {**typed, **words.numbers(given["more_limits"])}

    def unsaid(self) -> Any:
        return {}  # the defaults stand as placeholders

    def shown_there(self, value: Values, everywhere: Any) -> Values:
        """Only what differs, as the others stand above."""
        usual, here = self.whole(everywhere or {}), self.whole(value)
        return self.shown({name: here[name] for name in here if name in value or here[name] != usual.get(name)})

    def carried_there(self, given: Values, everywhere: Any, former: Any) -> dict[str, Any] | None:
        typed = self.carried(given, former)
        return {**(everywhere or {}), **typed} if typed else None


class Restart(Aspect):
    """The engine's own policy for a container that exits by itself."""

    name = "restart"
    default: ClassVar[dict[str, Any]] = {"policy": "unless-stopped", "retries": 3}
    section = LIMITS_AND_RESTARTS
    always = True
    carries = {"restart": "restart", "restart.policy": "restart"}
    schema = {
        "type": "object",
        "required": ["policy"],
        "additionalProperties": False,
        "properties": {
            "policy": {"type": "string", "enum": list(POLICIES)},
            "retries": {"type": "integer", "minimum": 0, "maximum": MAX_RETRIES, "description": "With on-failure."},
        },
    }

    def clean(self, findings: Findings, value: object, at: str) -> dict[str, Any]:
        given = findings.known(value, at, ("policy", "retries"))
        clean: dict[str, Any] = {"policy": findings.choice(given.get("policy"), f"{at}.policy", POLICIES)}
        if "retries" in given:
            clean["retries"] = findings.whole(given["retries"], f"{at}.retries", low=0, high=MAX_RETRIES)
        return clean

    def whole(self, value: Any) -> Any:
        return {**self.default, **value}

    def boxes(self) -> dict[str, forms.Field]:
        choices = [(policy, policy) for policy in POLICIES]
        return {"restart": forms.ChoiceField(choices=choices, label="When it exits, restart")}

    def shown(self, value: Values) -> Values:
        return {"restart": value.get("policy")}

    def carried(self, given: Values, former: Any) -> dict[str, Any]:
        return {**(former or {}), "policy": given["restart"]}

    def carried_there(self, given: Values, everywhere: Any, former: Any) -> dict[str, Any] | None:
        return self.carried(given, former or everywhere) if given["restart"] else None


def memory(findings: Findings, value: object, at: str) -> int:
    """Bytes, from a number of bytes or a text such as 64m."""
    if isinstance(value, str):
        match = _MEMORY.fullmatch(value.strip())
        if match is None:
            findings.add(at, "Bytes, or a text such as 64m or 1g.")
            return MEMORY_LOW
        value = int(match[1]) * _UNITS[match[2].lower()[:1]]
    return findings.whole(value, at, low=MEMORY_LOW, high=MEMORY_HIGH)
