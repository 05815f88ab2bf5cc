"""Bytes that a procedure sends to the control plane, in pieces of one size, counted and summed up."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from runtime.contract.reports import Problem
from runtime.contract.wire import PIECE_BYTES
from runtime.procedures.ports import ProcedureError, Reporter

TELL_EVERY = 64 * 1024 * 1024  # bytes between two words about how far it is

Send = Callable[[int, bytes], None]


@dataclass(frozen=True, slots=True)
class Sent:
    """How many bytes were sent and taken, and the sha256 of all of them."""

    size: int
    digest: str


def send_all(pieces: Iterable[bytes], *, limit: int, reporter: Reporter, send: Send, too_large: Problem) -> Sent:
    """Sends all of it. ProcedureError with `too_large` beyond `limit` bytes; Cancelled; what `send` raises."""
    size, told, digest = 0, 0, hashlib.sha256()
    for piece in _of_one_size(pieces):
        reporter.check_cancelled()
        if size + len(piece) > limit:
            raise ProcedureError(too_large)
        send(size, piece)
        digest.update(piece)
        size += len(piece)
        if size - told >= TELL_EVERY:
            told = size
            reporter.line("s", f"{size} bytes sent")
    return Sent(size=size, digest=f"sha256:{digest.hexdigest()}")


def _of_one_size(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of `PIECE_BYTES`; the last may be shorter."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) >= PIECE_BYTES:
            yield bytes(waiting[:PIECE_BYTES])
            del waiting[:PIECE_BYTES]
    if waiting:
        yield bytes(waiting)
