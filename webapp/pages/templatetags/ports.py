"""How pages write a published port: what answers at an address that a browser can reach is a link."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

SCHEMES = {443: "https", 8443: "https"}
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


@register.simple_tag(takes_context=True)
def published(context: template.Context, port: Mapping[str, Any]) -> SafeString:
    """`address:port → container port`; the first half is a link where it leads somewhere."""
    inner = f" → {port['container']}/{port['protocol']}"
    return format_html("<span>{}{}</span>", opens(context, port) or _shown(port), inner)


@register.simple_tag(takes_context=True)
def opens(context: template.Context, port: Mapping[str, Any]) -> SafeString | str:
    """The link alone; nothing where nobody knows where it would lead."""
    request = context.get("request")
    address = address_of(port, visited=request.get_host() if request is not None else "")
    if address is None:
        return ""
    link = '<a href="{}" target="_blank" rel="noopener noreferrer" title="Opens in a new tab">{}</a>'
    return format_html(link, address, _shown(port))


def _shown(port: Mapping[str, Any]) -> str:
    return f"{port['address']}:{port['host']}"


def address_of(port: Mapping[str, Any], *, visited: str) -> str | None:
    """Where a browser finds this port; None when that is not known.

    `visited` is the host at which this browser has found Slipway. A port that is published on the loopback of its
    machine is reached only from there: by who visits Slipway by its own loopback.
    """
    if port["protocol"] != "tcp":
        return None
    try:
        ip = ip_address(port["address"])
    except ValueError:
        return None
    if ip.is_unspecified or (ip.is_loopback and visited.rsplit(":", 1)[0] not in LOOPBACK_NAMES):
        return None
    name = f"[{ip}]" if ip.version == 6 else str(ip)
    return f"{SCHEMES.get(port['container'], 'http')}://{name}:{port['host']}/"
