"""`Range: bytes=…` of a download. Pure. Of several ranges none is served: the whole is, which the rule allows."""

import re

_ONE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class OutOfRange(Exception):
    """Nothing of what is asked for is there (416)."""


def asked(header: str, *, size: int) -> tuple[int, int] | None:
    """First and last byte that are asked for; None: all of it. Raises `OutOfRange`."""
    found = _ONE.fullmatch(header.replace(" ", ""))
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":  # the last so many
        count = int(found[2])
        if count == 0 or size == 0:
            raise OutOfRange
        return max(0, size - count), size - 1
    first = int(found[1])
    last = min(int(found[2]), size - 1) if found[2] else size - 1
    if found[2] and int(found[2]) < first:
        return None  # no range at all, to be overlooked
    if first >= size:
        raise OutOfRange
    return first, last
