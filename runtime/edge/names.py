"""Who serves a site, told by name: a small DNS server on a unix socket, of which the host's proxy is the only client.

Every answer is read from what was admitted, so a change counts with the next question, without any message between
the processes.
"""

import asyncio
import ipaddress
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from runtime.edge.base import Place
from runtime.edge.state import Known

LONGEST_QUESTION = 512
ASK_WITHIN_SECONDS = 5.0
A, AAAA = 1, 28
HEADER = 12
ANSWERED = 0x8580  # a response with authority, recursion on both sides
NOT_UNDERSTOOD = 0x8581
POINTER_TO_NAME = 0xC00C
NOBODY = (
    "255.255.255.255"  # no connection is ever made to it, and at once: that is cheaper for the proxy than no answer
)
SUFFIX = "edge"

Look = Callable[[Place], Known]


def name_of(place: Place, port: int) -> str:
    """Under this name the proxy asks for who serves the place at this port."""
    return f"p{port}.{place.service}.{place.environment}.{SUFFIX}."


def answer(question: bytes, look: Look) -> bytes:
    """The answer to one question, whatever its bytes are; nothing to what is no question."""
    if len(question) < HEADER:
        return b""
    try:
        labels, kind, end = _read(question)
        addresses = _addresses(labels, kind, look)
    except (ValueError, IndexError, struct.error):
        return question[:2] + struct.pack(">5H", NOT_UNDERSTOOD, 0, 0, 0, 0)
    records = [struct.pack(">HHHIH", POINTER_TO_NAME, kind, 1, 0, len(address)) + address for address in addresses]
    return b"".join([question[:2], struct.pack(">5H", ANSWERED, 1, len(records), 0, 0), question[HEADER:end], *records])


async def serve_names(path: Path, look: Look) -> asyncio.Server:
    """Answers at this socket until it is closed."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(ASK_WITHIN_SECONDS):
                while question := await reader.read(LONGEST_QUESTION):
                    writer.write(answer(question, look))
                    await writer.drain()
        writer.close()

    return await asyncio.start_unix_server(talk, path)


def _read(question: bytes) -> tuple[list[str], int, int]:
    """The name's labels, the kind of record asked for, and where the question ends."""
    at, labels = HEADER, []
    while length := question[at]:
        labels.append(question[at + 1 : at + 1 + length].decode("ascii"))
        at += 1 + length
    end = at + 5
    (kind, _) = struct.unpack(">HH", question[at + 1 : end])
    return labels, kind, end


def _addresses(labels: list[str], kind: int, look: Look) -> list[bytes]:
    port, service, environment, suffix = labels
    if suffix != SUFFIX or not port.startswith("p"):
        raise ValueError("no such name")
    wanted = int(port[1:])
    face = look(Place(service, environment)).now
    members = face.members if face is not None else ()
    up = [ipaddress.ip_address(one.address) for one in members if one.up and one.port == wanted]
    if not any(one.up for one in members):
        up = [ipaddress.ip_address(NOBODY)]
    version = {A: 4, AAAA: 6}.get(kind)
    return [address.packed for address in up if address.version == version]
