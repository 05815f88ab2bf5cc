"""What may leave the host as text: secrets masked, control sequences made visible, lines bounded.

Masking works per line. A secret of fewer than `MIN_MASKABLE` characters is not masked: it would
blank the log. A secret split over two lines by the program that prints it is found only if each of
its own lines is long enough.
"""

import base64
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from runtime.contract.reports import LINE_CONTINUES, MAX_LINE_BYTES

MASK = "••••••"
MIN_MASKABLE = 6
MAX_SGR_LENGTH = 40

_SGR = rf"\x1b\[[0-9;:]{{0,{MAX_SGR_LENGTH}}}m"
_KEPT_OR_CONTROL = re.compile(rf"({_SGR})|([\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069])")


class Secret:
    """A value that prints as a mask. Only `reveal` gives it away, so every use can be found by
    that word.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")


class Redactor:
    """Masks a set of secrets in text, in the spellings in which they commonly appear."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        spellings = {text for secret in secrets for text in _spellings(secret.reveal())}
        longest_first = sorted(spellings, key=lambda text: (-len(text), text))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def mask(self, text: str) -> str:
        """`text` with every known spelling of every secret replaced by `MASK`."""
        return self._pattern.sub(MASK, text) if self._pattern else text

    def clean(self, text: str) -> str:
        """Masked and made visible, in one piece; line breaks inside are shown."""
        return visible(self.mask(text))

    def lines(self, text: str) -> list[str]:
        """What may leave of a text: masked, made visible, a line for each of its lines, long ones split.

        Never empty: an empty line is a line.
        """
        whole = self.mask(text.rstrip("\r\n")).split("\n")
        return [part for line in whole for part in split_line(visible(line))]


def decode(data: bytes) -> str:
    """Text of raw bytes; what is not UTF-8 becomes U+FFFD."""
    return data.decode("utf-8", errors="replace")


def visible(text: str) -> str:
    """`text` with colours kept and every other control character shown as a picture of itself.

    A carriage return at the end belongs to the line's end and is dropped; one inside would
    overwrite, and is shown.
    """
    return _KEPT_OR_CONTROL.sub(lambda found: found[1] or _picture(found[2]), text.rstrip("\r\n"))


def split_line(text: str, *, limit: int = MAX_LINE_BYTES) -> list[str]:
    """`text` in parts of at most `limit` UTF-8 bytes; each part but the last ends with
    `LINE_CONTINUES`.
    """
    data = text.encode("utf-8", errors="replace")
    if len(data) <= limit:
        return [data.decode("utf-8")]
    room = limit - len(LINE_CONTINUES.encode())
    parts: list[str] = []
    while len(data) > limit:
        cut = _character_boundary(data, room)
        parts.append(data[:cut].decode("utf-8") + LINE_CONTINUES)
        data = data[cut:]
    return [*parts, data.decode("utf-8")]


def _spellings(value: str) -> set[str]:
    lines = {value, *value.splitlines()}
    found = {line.strip() for line in lines} | {value}
    for plain in [text for text in found if len(text) >= MIN_MASKABLE]:
        found |= {quote(plain, safe=""), quote(plain), quote_plus(plain)} | _base64_spellings(
            plain.encode("utf-8", "replace")
        )
    return {text for text in found if len(text) >= MIN_MASKABLE}


def _base64_spellings(data: bytes) -> set[str]:
    """The text that `data` leaves in base64 at each of the three offsets it can have inside a
    longer value.
    """
    spellings = {
        base64.b64encode(data).decode().rstrip("="),
        base64.urlsafe_b64encode(data).decode().rstrip("="),
    }
    for offset in range(3):
        first = -(-offset * 8 // 6)
        last = (offset + len(data)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            spellings.add(encode(b"\0" * offset + data).decode()[first:last])
    return spellings


def _picture(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"<U+{code:04X}>"


def _character_boundary(data: bytes, cut: int) -> int:
    while data[cut] & 0xC0 == 0x80:
        cut -= 1
    return cut
