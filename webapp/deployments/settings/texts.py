"""Aspects that are typed as text of several lines: the command, the ports, the variables."""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms

from webapp import writing
from webapp.deployments.settings.aspect import Aspect, Values
from webapp.deployments.settings.sections import WHAT_RUNS
from webapp.findings import Findings
from webapp.page import code_box

LONG = 64 * 1024
MAX_PORTS = 20
LOWEST_HOST_PORT = 1024
HIGHEST_PORT = 65535
PROTOCOLS = ("tcp", "udp")
NONE = "none"  # typed alone in an environment's box: an empty list here, whatever there is everywhere
NUMBER_OF_PORT: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": HIGHEST_PORT}


class Listed(Aspect):
    """A list, typed a line an entry. Its box has its name."""

    read: ClassVar[Callable[[str], list[Any]]]
    write: ClassVar[Callable[[Any], str]]
    hint_there: ClassVar[str]
    section = WHAT_RUNS
    always = True

    def shown(self, value: Any) -> Values:
        return {self.name: type(self).write(value)}

    def carried(self, given: Values, former: Any) -> list[Any] | None:
        return type(self).read(given[self.name])

    def shown_there(self, value: Any, everywhere: Any) -> Values:
        text = type(self).write(value)
        return {self.name: f'"{NONE}"' if text == NONE else text or NONE}

    def carried_there(self, given: Values, everywhere: Any, former: Any) -> list[Any] | None:
        text = given[self.name].strip()
        if not text:
            return None
        return [] if text == NONE else type(self).read(text)

    def box_there(self, name: str, box: forms.Field) -> None:
        super().box_there(name, box)
        box.help_text = self.hint_there


class Command(Listed):
    """The words that a container runs; none are the image's own."""

    name = "command"
    default: ClassVar[list[str]] = []
    schema = {"type": "array", "items": {"type": "string"}, "maxItems": 200}
    carries = {"command": "command"}
    read, write = writing.words, writing.words_text
    hint_there = "One word a line; none: the image's own."

    def clean(self, findings: Findings, value: object, at: str) -> list[str]:
        return findings.words(value, at)

    def boxes(self) -> dict[str, forms.Field]:
        hint = "One word a line; one of several lines in quotes, as in JSON. Empty: the image's own."
        return {
            "command": forms.CharField(
                required=False, widget=code_box(3), max_length=LONG, label="Command", help_text=hint
            )
        }


class Ports(Listed):
    """Ports of the container that the host publishes."""

    name = "ports"
    default: ClassVar[list[dict[str, Any]]] = []
    schema = {
        "type": "array",
        "maxItems": MAX_PORTS,
        "items": {
            "type": "object",
            "required": ["container"],
            "additionalProperties": False,
            "properties": {
                "container": NUMBER_OF_PORT,
                "host": {
                    "type": ["integer", "null"],
                    "minimum": LOWEST_HOST_PORT,
                    "maximum": HIGHEST_PORT,
                    "description": "A fixed port of the host; null lets the engine choose.",
                },
                "protocol": {"type": "string", "enum": list(PROTOCOLS), "default": "tcp"},
            },
        },
    }
    carries = {"ports": "ports"}
    read, write = writing.ports, writing.ports_text
    hint_there = "One a line; none: no ports here."

    def clean(self, findings: Findings, value: object, at: str) -> list[dict[str, Any]]:
        if not isinstance(value, list) or len(value) > MAX_PORTS:
            findings.add(at, f"A list of at most {MAX_PORTS} ports.")
            return []
        ports = [_port(findings, port, f"{at}.{number}") for number, port in enumerate(value)]
        inside = [(port["container"], port["protocol"]) for port in ports]
        outside = [(port["host"], port["protocol"]) for port in ports if port["host"] is not None]
        if len(set(inside)) < len(inside):
            findings.add(at, "A container's port is published once.")
        if len(set(outside)) < len(outside):
            findings.add(at, "A host's port is given once.")
        return ports

    def boxes(self) -> dict[str, forms.Field]:
        hint = "One a line: 8080, or 9000:8080 for port 9000 of the host, or 53/udp."
        return {
            "ports": forms.CharField(required=False, widget=code_box(2), max_length=LONG, label="Ports", help_text=hint)
        }


class Variables(Aspect):
    """Plain values that a container finds in its environment; those of an environment join those of everywhere."""

    name = "variables"
    default: ClassVar[dict[str, str]] = {}
    schema = {
        "type": "object",
        "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]{0,127}$"},
        "additionalProperties": {"type": "string"},
    }
    section = WHAT_RUNS
    carries = {"variables": "variables"}
    always = True

    def clean(self, findings: Findings, value: object, at: str) -> dict[str, str]:
        return findings.variables(value, at)

    def joined(self, everywhere: Any, there: Any) -> Any:
        return {**everywhere, **there}

    def boxes(self) -> dict[str, forms.Field]:
        return {
            "variables": forms.CharField(
                required=False,
                widget=code_box(3),
                max_length=LONG * 8,
                label="Variables",
                help_text="NAME=value, one a line.",
            )
        }

    def shown(self, value: Any) -> Values:
        return {"variables": writing.pairs_text(value)}

    def carried(self, given: Values, former: Any) -> dict[str, str] | None:
        return writing.pairs(given["variables"]) if given["variables"].strip() else None


def _port(findings: Findings, value: object, at: str) -> dict[str, Any]:
    given = findings.known(value, at, ("container", "host", "protocol"))
    host = given.get("host")
    return {
        "container": findings.whole(given.get("container"), f"{at}.container", low=1, high=HIGHEST_PORT),
        "host": None if host is None else findings.whole(host, f"{at}.host", low=LOWEST_HOST_PORT, high=HIGHEST_PORT),
        "protocol": findings.choice(given.get("protocol", "tcp"), f"{at}.protocol", PROTOCOLS),
    }
