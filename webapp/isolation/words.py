"""Isolation as people type it in a box, one a line, and back. What is not understood stays a text, for the verb to
refuse.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from webapp.writing import lines, memory_text

_AMOUNT = re.compile(r"(\d{1,15})\s*([kmg]?)i?b?", re.IGNORECASE)
_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_ANSWERS = {"yes": True, "true": True, "no": False, "false": False}
_PLAIN = ("cpus", "pids", "nofile", "io_weight")  # not bytes


def amount(text: str) -> int | float | str:
    """A number, or bytes as in 64m."""
    word = text.strip()
    if match := _AMOUNT.fullmatch(word):
        return int(match[1]) * _UNITS[match[2].lower()]
    try:
        return float(word)
    except ValueError:
        return word


def numbers(text: str) -> dict[str, Any]:
    """NAME VALUE, one a line."""
    return {name: amount(value) for name, value in _named(text)}


def numbers_text(values: Mapping[str, Any]) -> str:
    """The same as text; bytes in the unit in which they are exact."""
    return "\n".join(f"{name} {_amount_text(name, value)}" for name, value in values.items())


def mounts(text: str) -> list[dict[str, Any]]:
    """PATH SIZE, one a line."""
    return [{"path": path, "size": amount(size)} for path, size in _named(text)]


def mounts_text(given: Sequence[Mapping[str, Any]]) -> str:
    """The same as text."""
    return "\n".join(f"{mount['path']} {memory_text(mount['size'])}" for mount in given)


def asked(text: str) -> dict[str, Any]:
    """NAME VALUE, one a line: capabilities A B, read_only yes, tmpfs /tmp 64m, user 1000, runtime runsc."""
    found: dict[str, Any] = {}
    for name, value in _named(text):
        if name == "capabilities":
            found[name] = [] if value == "none" else value.replace(",", " ").split()
        elif name == "tmpfs":
            found[name] = [*found.get(name, []), *mounts(value)] if value != "none" else []
        elif name in ("read_only", "no_new_privileges"):
            found[name] = _ANSWERS.get(value.lower(), value)
        else:
            found[name] = value
    return found


def asked_text(value: Mapping[str, Any]) -> str:
    """The same as text."""
    said: list[str] = []
    for name, member in value.items():
        if name == "capabilities":
            said.append(f"capabilities {' '.join(member) or 'none'}")
        elif name == "tmpfs":
            said += [f"tmpfs {line}" for line in mounts_text(member).splitlines()] or ["tmpfs none"]
        elif isinstance(member, bool):
            said.append(f"{name} {'yes' if member else 'no'}")
        else:
            said.append(f"{name} {member}".rstrip())
    return "\n".join(said)


def _named(text: str) -> list[tuple[str, str]]:
    """The first word of each line, without a colon, and the rest of it."""
    parted = [line.partition(" ") for line in lines(text)]
    return [(name.removesuffix(":").removesuffix("="), rest.strip()) for name, _, rest in parted]


def _amount_text(name: str, value: Any) -> str:
    return f"{value:g}" if name in _PLAIN else memory_text(int(value))
