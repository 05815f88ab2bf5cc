"""Which packages an image holds, as it travels with a report: packed by the host, and unpacked without trust."""

import base64
import binascii
import zlib
from collections.abc import Iterable

MAX_PACKAGES = 5000
MAX_WORD = 120  # characters of a name or a version
MAX_PACKED = 256 * 1024  # characters
MAX_BYTES = 4 * MAX_WORD * MAX_PACKAGES

Package = tuple[str, str]  # name, version


def pack(packages: Iterable[Package]) -> str:
    """In the order of names, each once, as many as may be; empty for none. What is not lawful is left out."""
    lawful = sorted({(name, version) for name, version in packages if _is_word(name) and _is_word(version)})
    kept = lawful[:MAX_PACKAGES]
    while kept:
        text = "\n".join(f"{name}\t{version}" for name, version in kept)
        packed = base64.b64encode(zlib.compress(text.encode(), 9)).decode()
        if len(packed) <= MAX_PACKED:
            return packed
        kept = kept[: len(kept) // 2]
    return ""


def unpack(packed: str) -> list[Package]:
    """What `pack` was given. Of anything else nothing, and never more than may be."""
    if len(packed) > MAX_PACKED:
        return []
    try:
        data = zlib.decompressobj().decompress(base64.b64decode(packed, validate=True), MAX_BYTES)
        lines = data.decode().split("\n")
    except (binascii.Error, zlib.error, UnicodeDecodeError, ValueError):
        return []
    pairs = (line.partition("\t") for line in lines[:MAX_PACKAGES])
    return [(name, version) for name, _, version in pairs if _is_word(name) and _is_word(version)]


def _is_word(text: str) -> bool:
    return 0 < len(text) <= MAX_WORD and text.isascii() and text.isprintable() and " " not in text
