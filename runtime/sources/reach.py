"""Where a source may be fetched from: the name is looked up here, and git connects to addresses that were asked about.

Public addresses, and what the host's own configuration allows (names, addresses, networks). A name that leads
elsewhere a moment later gains nothing: it is not looked up again.
"""

import socket
from collections.abc import Sequence

from runtime.contract.addresses import is_public_address, is_within
from runtime.sources.context import SourceError


def pinned_addresses(host: str, port: int, *, private: Sequence[str]) -> list[str]:
    """The addresses to connect to for this host, in the order to try. None where the configuration names the host:
    nothing is asked then.

    Raises SourceError when the name leads nowhere, or to any address that is private and not allowed.
    """
    if host.lower() in private:
        return []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise SourceError(
            f"this host does not find {host}",
            code="source_unreachable",
            advice="Check the name, and that this host may ask a name server.",
            retry_helps=True,
        ) from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        if not is_public_address(address) and not is_within(address, private):
            raise SourceError(
                f"{host} leads to a private address, which builds do not fetch from",
                code="source_private",
                advice="An administrator may allow it on this host by SLIPWAY_GIT_PRIVATE_HOSTS.",
            )
    return addresses
