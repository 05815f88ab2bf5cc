"""Which network addresses and host names a user's URL may lead to: public ones.

Both planes ask here: the control plane at the door and when it calls out, the host when it connects. Nothing is
looked up; whoever connects resolves the name, asks again for each address, and connects to one that it asked about.
"""

import ipaddress
import re
from collections.abc import Iterable

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_HOST = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PRIVATE_ENDINGS = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".intranet", ".corp", ".onion")


def is_public_address(text: str) -> bool:
    """An IPv4 or IPv6 address that is globally reachable, with no other address hidden in it (mapped, 6to4, NAT64)."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        hidden = address.ipv4_mapped or address.sixtofour or address.teredo
        if hidden is not None or address in _NAT64:
            return False
    return address.is_global and not address.is_multicast


def may_be_public(host: str) -> bool:
    """A host as it stands in a URL, name or address, that is not private by its very look."""
    host = host.lower()
    if ":" in host or re.fullmatch(r"[0-9.]+", host):
        return is_public_address(host)
    # A last label that is a number (0x7f.1, 2130706433) would be read as an address by the C library.
    return bool(_HOST.fullmatch(host)) and not f".{host}".endswith(_PRIVATE_ENDINGS)


def is_within(address: str, allowed: Iterable[str]) -> bool:
    """Does one of these name the address, or a network that holds it? Names of hosts among them hold nothing."""
    return any(_holds(entry, address) for entry in allowed)


def _holds(entry: str, address: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False
