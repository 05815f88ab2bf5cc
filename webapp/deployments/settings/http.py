"""How a service is reached by name: the port at which it speaks HTTP, host names with paths, TLS."""

import ipaddress
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar

from django import forms

from runtime.contract.routes import is_internal
from webapp.deployments.settings.aspect import Aspect, Values
from webapp.deployments.settings.sections import REACHED
from webapp.deployments.settings.texts import HIGHEST_PORT, LONG, NUMBER_OF_PORT
from webapp.findings import Findings
from webapp.page import code_box

TLS = ("off", "automatic", "internal", "own")
MAX_ROUTES = 50
MAX_HOST = 253
MAX_PATH = 200
DRAIN = 10
LONGEST_DRAIN = 300
NONE = "none"
_HOST = re.compile(r"(\*\.)?[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")
_PATH = re.compile(r"/|(?:/[A-Za-z0-9._~-]{1,100}){1,20}")
ROUTE_SCHEMA = {
    "type": "object",
    "required": ["host"],
    "additionalProperties": False,
    "properties": {
        "host": {
            "type": "string",
            "maxLength": MAX_HOST,
            "description": "Such as shop.example.com; *.example.com for every name one level below.",
        },
        "path": {
            "type": "string",
            "maxLength": MAX_PATH,
            "default": "/",
            "description": "Requests for it and below it, as they are: nothing is taken off.",
        },
    },
}


class Http(Aspect):
    """The routes of the edge proxies of its hosts; None, or no routes: it is not reached by name."""

    name = "http"
    default: ClassVar[None] = None
    section = REACHED
    carries = {
        "http": "routes",
        "http.port": "http_port",
        "http.routes": "routes",
        "http.tls": "tls",
        "http.drain": "drain",
    }
    schema = {
        "type": ["object", "null"],
        "additionalProperties": False,
        "required": ["routes"],
        "properties": {
            "port": {**NUMBER_OF_PORT, "description": "Of the container. It need not be published."},
            "routes": {"type": "array", "maxItems": MAX_ROUTES, "items": ROUTE_SCHEMA},
            "tls": {
                "type": "string",
                "enum": list(TLS),
                "default": "off",
                "description": "automatic: a certificate by ACME, or of the host's own authority for names such as "
                "*.localhost; internal: always of that one; own: a certificate that was brought to the project.",
            },
            "drain": {
                "type": "integer",
                "minimum": 0,
                "maximum": LONGEST_DRAIN,
                "default": DRAIN,
                "description": "Seconds that requests under way have when a replica leaves.",
            },
        },
    }

    def clean(self, findings: Findings, value: object, at: str) -> dict[str, Any] | None:
        if value is None:
            return None
        given = findings.known(value, at, ("port", "routes", "tls", "drain"))
        routes = _routes(findings, given.get("routes"), f"{at}.routes")
        if not routes:
            if given.get("routes") == [] and set(given) - {"routes", "tls"}:
                findings.add(f"{at}.routes", "At least one host name; write none where it is not reached by name.")
            return {"routes": []}
        clean = {
            "port": findings.whole(given.get("port"), f"{at}.port", low=1, high=HIGHEST_PORT),
            "routes": routes,
            "tls": findings.choice(given.get("tls", "off"), f"{at}.tls", TLS),
            "drain": findings.whole(given.get("drain", DRAIN), f"{at}.drain", low=0, high=LONGEST_DRAIN),
        }
        for route in routes:
            if clean["tls"] == "automatic" and route["host"].startswith("*.") and not is_internal(route["host"]):
                findings.add(
                    f"{at}.tls", f"No certificate for {route['host']} comes by itself: name each, or bring one."
                )
        return clean

    def whole(self, value: Any) -> Any:
        return value if value and value["routes"] else None

    def boxes(self) -> dict[str, forms.Field]:
        hint = "One a line: shop.example.com, shop.example.com/api or *.example.com. The edge of each host serves it."
        choices = [
            ("off", "off: HTTP only"),
            ("automatic", "automatic: certificates come by themselves"),
            ("internal", "internal: of the host's own authority"),
            ("own", "own: a certificate that was brought to the project"),
        ]
        return {
            "routes": forms.CharField(
                required=False, widget=code_box(2), max_length=LONG, label="Host names", help_text=hint
            ),
            "http_port": forms.IntegerField(
                required=False, label="Port of HTTP", help_text="Of the container; it need not be published."
            ),
            "tls": forms.ChoiceField(required=False, choices=choices, label="TLS"),
            "drain": forms.IntegerField(
                required=False,
                label="Seconds to drain",
                help_text="For requests under way when a replica leaves.",
                widget=forms.NumberInput(attrs={"placeholder": DRAIN}),
            ),
        }

    def shown(self, value: Any) -> Values:
        if not value:
            return {}
        lines = [f"{route['host']}{'' if route['path'] == '/' else route['path']}" for route in value["routes"]]
        return {
            "routes": "\n".join(lines) or NONE,
            "http_port": value.get("port"),
            "tls": value.get("tls"),
            "drain": value.get("drain"),
        }

    def carried(self, given: Values, former: Any) -> dict[str, Any] | None:
        lines = given["routes"].split()
        if lines == [NONE]:
            return {"routes": []}
        typed = {"port": given["http_port"], "tls": given["tls"], "drain": given["drain"]}
        said = {name: value for name, value in typed.items() if value not in (None, "")}
        if not lines and set(said) <= {"tls"}:
            return None  # a choice that stands there by itself says nothing
        return {"routes": [_typed(line) for line in lines], **said}

    def carried_there(self, given: Values, everywhere: Any, former: Any) -> dict[str, Any] | None:
        """What a half-filled group leaves empty is as everywhere."""
        said = self.carried(given, former)
        if said is None and not given["tls"]:
            return None
        usual = everywhere or {}
        if said is not None and said["routes"] == [] and given["routes"].strip() == NONE:
            return said
        typed = {**(said or {}), **({"tls": given["tls"]} if given["tls"] else {})}
        if not typed.get("routes"):
            typed["routes"] = usual.get("routes", [])
        return {**usual, **typed}


def overlaps(one: str, other: str) -> bool:
    """Some name is both: they are the same, or one is a wildcard that covers the other."""
    return one == other or covers(one, other) or covers(other, one)


def covers(pattern: str, host: str) -> bool:
    """A wildcard stands for exactly one label."""
    return pattern.startswith("*.") and not host.startswith("*.") and host.partition(".")[2] == pattern[2:]


def _routes(findings: Findings, value: object, at: str) -> list[dict[str, str]]:
    if not isinstance(value, list) or len(value) > MAX_ROUTES:
        findings.add(at, f"A list of at most {MAX_ROUTES} routes.")
        return []
    routes = [_route(findings, one, f"{at}.{number}") for number, one in enumerate(value)]
    said = [(route["host"], route["path"].lower()) for route in routes]
    if len(set(said)) < len(said):
        findings.add(at, "A route is said once.")
    return routes


def _route(findings: Findings, value: object, at: str) -> dict[str, str]:
    given = findings.known(value, at, ("host", "path"))
    host = findings.text(given.get("host"), f"{at}.host", limit=MAX_HOST + 1).lower().removesuffix(".")
    path = findings.text(given.get("path", "/"), f"{at}.path", limit=MAX_PATH)
    path = path if path in ("/", "//") else path.removesuffix("/")
    why = _wrong_with(host)
    if why:
        findings.add(f"{at}.host", why)
    if not _PATH.fullmatch(path) or any(part in (".", "..") for part in path.split("/")):
        findings.add(f"{at}.path", "A path such as /api: letters, digits and - . _ ~ between single slashes.")
    return {"host": host, "path": path}


def _wrong_with(host: str) -> str:
    if not host.isascii():
        return "A name in its ASCII form, beginning with xn--."
    if len(host) > MAX_HOST or not _HOST.fullmatch(host):
        return "A host name such as shop.example.com, or *.example.com; no port, no path, no scheme."
    with suppress(ValueError):
        ipaddress.ip_address(host)
        return "A name, not an address."
    if host.rpartition(".")[2].isdecimal():
        return "A name, not an address."
    if host.startswith("*.") and host.count(".") < len(("*.", "example", ".com")) - 1 and host != "*.localhost":
        return "A wildcard stands below a domain of one's own, as in *.example.com."
    return ""


def _typed(line: str) -> Mapping[str, str]:
    host, slash, path = line.partition("/")
    return {"host": host, "path": f"/{path}"} if slash else {"host": host}
