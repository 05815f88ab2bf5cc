"""Speaks to chats and mail servers through Apprise: a program of its own, started for one notice.

It reads one order from its input, `{"url", "allow", "title"?, "body"?}`, and prints how it went. Apprise and what it
stands on open connections by themselves, so the guard lies beneath them all, in the sockets of this process: whatever a
name says, a connection to an address that is not public is never begun. No redirect is followed. It knows no setting,
no database and no key, and prints nothing that the far side said.
"""

import json
import socket
import sys
from collections.abc import Sequence
from typing import Any

import requests
from apprise import Apprise, AppriseAsset

from runtime.contract.addresses import is_public_address, is_within

MAX_ORDER_BYTES = 256 * 1024
CONNECT_SECONDS = 10.0


class Guard:
    """What may be connected to, and whether something was held back. `allow`: private hosts and networks."""

    def __init__(self, allow: Sequence[str]) -> None:
        self.allow = tuple(allow)
        self.names = frozenset(entry.lower() for entry in allow)
        self.trusted: set[str] = set()  # addresses of hosts that are allowed by name
        self.blocked = False
        self.status: int | None = None

    def may_connect(self, address: str) -> bool:
        """Asked of addresses; a name is none."""
        return is_public_address(address) or address in self.trusted or is_within(address, self.allow)

    def check(self, family: int, address: Any) -> None:
        """Raise before a connection that may not be."""
        if family not in (socket.AF_INET, socket.AF_INET6) or not self.may_connect(str(address[0])):
            self.blocked = True
            raise PermissionError("this address is not public")


def watch(guard: Guard) -> None:
    """Put the guard beneath everything that this process does from now on."""
    look_up, connect, connect_ex = socket.getaddrinfo, socket.socket.connect, socket.socket.connect_ex
    send = requests.Session.send

    def guarded_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        found = look_up(host, *args, **kwargs)
        if str(host).lower() in guard.names:
            guard.trusted.update(str(entry[4][0]) for entry in found)
        return found

    def guarded_connect(self: socket.socket, address: Any) -> None:
        guard.check(self.family, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        guard.check(self.family, address)
        return connect_ex(self, address)

    def noted_send(self: requests.Session, request: Any, **kwargs: Any) -> requests.Response:
        response = send(self, request, **{**kwargs, "allow_redirects": False})
        guard.status = response.status_code
        return response

    socket.setdefaulttimeout(CONNECT_SECONDS)
    sockets: Any = socket
    sockets.getaddrinfo = guarded_look_up
    sockets.socket.connect, sockets.socket.connect_ex = guarded_connect, guarded_connect_ex
    session: Any = requests.Session
    session.send = noted_send


def carry(order: dict[str, Any]) -> dict[str, Any]:
    """Do what the order says; without a body only look whether the URL is understood."""
    guard = Guard(order["allow"])
    watch(guard)
    asset = AppriseAsset(async_mode=False, secure_logging=True)
    # One URL, however many there seem to be in the text: `add` would take it apart at commas.
    receiver = Apprise.instantiate(order["url"], asset=asset)
    if receiver is None:
        return {"how": "unknown"}
    if "body" not in order:
        return {"how": "understood"}
    apprise = Apprise(asset=asset)
    apprise.add(receiver)
    sent = bool(apprise.notify(title=order["title"], body=order["body"]))
    how = "sent" if sent else "blocked" if guard.blocked else "failed"
    return {"how": how, "status": guard.status}


def main() -> int:
    order = json.loads(sys.stdin.buffer.read(MAX_ORDER_BYTES))
    answer, sys.stdout = sys.stdout, sys.stderr  # whatever else prints does not answer for us
    print(json.dumps(carry(order)), file=answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
