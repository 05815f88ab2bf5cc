"""How pages write a published port: what answers at an address that a browser can reach is a link."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from webapp.deployments.addresses import Address, addresses
from webapp.deployments.models import Replica

register = template.Library()

PORT = re.compile(r":\d+$")
SCHEMES = {443: "https", 8443: "https"}
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


@register.simple_tag(takes_context=True)
def published(context: template.Context, port: Mapping[str, Any], machine: str = "") -> SafeString:
    """`address:port → container port`; the first half is a link where it leads somewhere.

    `machine` is where its host is: `Host.address`.
    """
    inner = f" → {port['container']}/{port['protocol']}"
    shown = opens(context, port, machine) or f"{port['address']}:{port['host']}"
    return format_html("<span>{}{}</span>", shown, inner)


@register.simple_tag(takes_context=True)
def opens(context: template.Context, port: Mapping[str, Any], machine: str = "") -> SafeString | str:
    """The link alone; nothing where nobody knows where it would lead."""
    request = context.get("request")
    place = place_of(port, machine=machine, visited=request.get_host() if request is not None else "")
    if place is None:
        return ""
    link = '<a href="{}://{}/" target="_blank" rel="noopener noreferrer" title="Opens in a new tab">{}</a>'
    return format_html(link, SCHEMES.get(port["container"], "http"), place, place)


@register.simple_tag
def reached(replica: Replica) -> list[Address]:
    """Where it is reached by name. Its release and its host are at hand."""
    return addresses(replica.release.settings, replica.host.edge)


def place_of(port: Mapping[str, Any], *, machine: str, visited: str) -> str | None:
    """Where a browser finds this port, as name:port; None when that is not known.

    `machine` is the address from which its host speaks: loopback where Slipway runs too. `visited` is the name at which
    this browser has found Slipway. A port on the loopback of its machine is reached only from there: by who visits
    Slipway by its own loopback. One on every address of its machine is reached at the machine's.
    """
    ip = _ip(port["address"])
    if port["protocol"] != "tcp" or ip is None:
        return None
    here, at = _ip(machine), PORT.sub("", visited)
    beside = here is None or here.is_loopback
    if ip.is_loopback and not (beside and at in LOOPBACK_NAMES):
        return None
    name = _written(ip)
    if ip.is_unspecified:
        if here is None or (beside and not at):
            return None
        name = at if beside else _written(here)
    return f"{name}:{port['host']}"


def _ip(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _written(ip: IPv4Address | IPv6Address) -> str:
    return f"[{ip}]" if ip.version == 6 else str(ip)
