"""Lines as JSON text, encoded once: `[number,ms,"o","text"],[…]`, without outer brackets. Pure."""

from collections.abc import Sequence

import msgspec

from runtime.contract.reports import Line

Row = tuple[int, int, str, str]  # number, unix milliseconds, stream, text

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(list[Row])


def encode(*, first: int, lines: Sequence[Line]) -> bytes:
    """The text of consecutive lines, the first numbered `first`. Control characters come out escaped."""
    return _encoder.encode(
        [(first + offset, ns // 1_000_000, stream, text) for offset, (ns, stream, text) in enumerate(lines)]
    )[1:-1]


def decode(text: bytes) -> list[Row]:
    """The rows of such a text."""
    return _decoder.decode(b"[" + text + b"]")


def encode_rows(rows: Sequence[Row]) -> bytes:
    """The text of rows that have their numbers already."""
    return _encoder.encode(rows)[1:-1]


def begins(text: bytes) -> tuple[int, int]:
    """Number and milliseconds of a text's first line."""
    number, ms, _ = text[1:].split(b",", 2)
    return int(number), int(ms)


def after(text: bytes, number: int) -> bytes:
    """The part of a text behind line `number`; empty when nothing is."""
    return encode_rows([row for row in decode(text) if row[0] > number])


def escaped(needle: str) -> bytes:
    """How `needle` looks inside such a text: a chunk without it cannot hold a line with it."""
    return _encoder.encode(needle)[1:-1]
