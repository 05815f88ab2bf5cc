"""Bytes that come in pieces become lines, none of them without bound."""

from runtime.redaction import decode

MAX_LINE = 4 * 1024 * 1024  # a builder's status of what one step printed is one line


class LineCutter:
    """What is fed comes out as whole lines. Of a line over `limit` bytes only a word that it was there."""

    def __init__(self, *, limit: int = MAX_LINE) -> None:
        self._limit = limit
        self._held: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` ends."""
        *ends, rest = data.split(b"\n")
        lines = []
        for end in ends:
            self._hold(end)
            lines.append(self._take())
        self._hold(rest)
        return lines

    def end(self) -> list[str]:
        """The last line, if it had no end of its own."""
        return [self._take()] if self._size else []

    def _hold(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._limit:
            self._held.clear()
        elif data:
            self._held.append(data)

    def _take(self) -> str:
        size, line = self._size, b"".join(self._held)
        self._size = 0
        self._held.clear()
        if size > self._limit:
            return f"(Slipway left out a line of {size} bytes; {self._limit} are the most.)"
        return decode(line.removesuffix(b"\r"))
