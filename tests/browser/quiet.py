"""A network of the browser's own, in which nothing comes or goes.

Docker makes and removes an interface with every container, and Chromium then ends what it was just loading on this
machine (ERR_NETWORK_CHANGED). So it runs in an empty network namespace, and its one way out is a SOCKS proxy there
whose connections are carried through a unix socket, since files are shared. As a program (`python -m
tests.browser.quiet SOCKET CHROMIUM ARGUMENTS…`) this is the inside: it starts the loopback interface, the proxy, and
Chromium in its own place, which keeps the pipes that it is driven by.
"""

import contextlib
import fcntl
import os
import shlex
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import ProxySettings

from tests.flows.house import ROOT

PROXY_PORT = 1080
PROXY: ProxySettings = {"server": f"socks5://127.0.0.1:{PROXY_PORT}", "bypass": "<-loopback>"}
CHUNK_BYTES = 64 * 1024
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
GRANTED = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
REFUSED = b"\x05\x05" + GRANTED[2:]


@contextlib.contextmanager
def quiet(program: str) -> Iterator[str]:
    """A program that starts this one in a namespace of its own; what it asks of the proxy goes to this machine."""
    with tempfile.TemporaryDirectory(prefix="slw-net-") as place:
        gate, start = Path(place) / "gate", Path(place) / "chromium"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(gate))
        listener.listen()
        _serve(listener, _carry_out)
        alone = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
        inside = [*alone, sys.executable, "-m", "tests.browser.quiet", str(gate), program]
        start.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.join(inside)} "$@"\n')
        start.chmod(0o700)
        yield str(start)
        listener.close()


def main() -> None:
    gate, *chromium = sys.argv[1:]
    _raise_loopback()
    listener = socket.create_server(("127.0.0.1", PROXY_PORT))
    browser = subprocess.Popen(chromium, close_fds=False)
    _serve(listener, lambda near: _join(near, _connected(socket.AF_UNIX, gate)))
    sys.exit(browser.wait())


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack("16sh14x", b"lo", 0)
        (flags,) = struct.unpack_from("h", fcntl.ioctl(any_socket, SIOCGIFFLAGS, asked), 16)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def _serve(listener: socket.socket, treat: Callable[[socket.socket], None]) -> None:
    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                threading.Thread(target=treat, args=(near,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def _carry_out(near: socket.socket) -> None:
    """One connection by SOCKS5, without authentication, to a host by name, as Chromium writes addresses too."""
    with contextlib.suppress(OSError, struct.error):
        _, methods = struct.unpack("BB", _exactly(near, 2))
        _exactly(near, methods)
        near.sendall(b"\x05\x00")
        *_, length = _exactly(near, 5)
        name, port = struct.unpack(f"!{length}sH", _exactly(near, length + 2))
        try:
            far = _connected(socket.AF_INET, (name.decode(), port))
        except OSError:
            near.sendall(REFUSED)
            near.close()
            return
        near.sendall(GRANTED)
        _join(near, far)


def _connected(family: int, address: tuple[str, int] | str) -> socket.socket:
    far = socket.socket(family)
    far.connect(address)
    return far


def _join(near: socket.socket, far: socket.socket) -> None:
    """Pass on what either says until both are silent."""
    back = threading.Thread(target=_pass_on, args=(far, near), daemon=True)
    back.start()
    _pass_on(near, far)
    back.join()
    near.close()
    far.close()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    """A connection that ends badly ends badly at the other side too."""
    try:
        while chunk := source.recv(CHUNK_BYTES):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def _exactly(source: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count:
        chunk = source.recv(count - len(got))
        if not chunk:
            raise ConnectionResetError
        got += chunk
    return got


if __name__ == "__main__":
    main()
