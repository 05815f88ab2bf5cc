"""Where a source may be fetched from: the name is looked up here, and git connects to addresses that were asked about.

Public addresses, and what the host's own configuration allows (names, addresses, networks). A name that leads
elsewhere a moment later gains nothing: it is not looked up again.
"""

import errno
import os
import select
import socket
import time
from collections.abc import Callable, Sequence

from runtime.contract.addresses import is_public_address, is_within
from runtime.sources.context import SourceError

CONNECT_SECONDS = 10.0  # for one address
LOOK_MILLISECONDS = 100
MAX_ADDRESSES = 4


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


def answering(addresses: Sequence[str], port: int, *, check_cancelled: Callable[[], None]) -> str | None:
    """The first of these that takes connections: IPv6 may come first where there is only IPv4. None of none.

    For programs that take one address. SourceError when none of several answers, and what `check_cancelled` raises.
    """
    if len(addresses) < 2:
        return addresses[0] if addresses else None
    reasons = []
    for address in addresses[:MAX_ADDRESSES]:
        number = _connect(address, port, check_cancelled)
        if number == 0:
            return address
        reasons.append(f"{address} port {port}: {os.strerror(number)}")
    raise SourceError(
        "none of the server's addresses answers", code="source_unreachable", retry_helps=True, evidence=reasons
    )


def _connect(address: str, port: int, check_cancelled: Callable[[], None]) -> int:
    """Connects and lets go; the error's number, or 0."""
    until = time.monotonic() + CONNECT_SECONDS
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setblocking(False)
            number = probe.connect_ex((address, port))
            waiting = select.poll()
            waiting.register(probe, select.POLLOUT)
            while number == errno.EINPROGRESS and time.monotonic() < until:
                check_cancelled()
                if waiting.poll(LOOK_MILLISECONDS):
                    return probe.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    except OSError as error:
        return error.errno or errno.EIO
    return errno.ETIMEDOUT if number == errno.EINPROGRESS else number
