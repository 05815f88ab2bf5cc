"""Which names a file of a source may have, and where links among them may lead: one rule for both planes. Pure.

A name that passes is relative, leads nowhere else, and reads as what it is.
"""

import re

MAX_PATH = 1000  # bytes; leaves room below PATH_MAX for where a context lies
MAX_PART = 200  # bytes
MAX_DEPTH = 50  # parts

_LAST_CHARACTER = "\uffff"  # of those that every program knows
_DRIVE = re.compile(r"[A-Za-z]:")
_DEVICE = re.compile(r"CON|PRN|AUX|NUL|(COM|LPT)[0-9]", re.IGNORECASE)  # what they open elsewhere is no file


def complaint(path: str) -> str:
    """Why this is no plain relative path, as the end of a sentence that begins with it; '' when it is one."""
    if not path:
        return "is empty"
    if unreadable(path):
        return "holds characters that are not shown, or that some programs do not know"
    if len(path.encode()) > MAX_PATH:
        return f"is longer than {MAX_PATH} bytes"
    parts = path.split("/")
    if len(parts) > MAX_DEPTH:
        return f"is nested deeper than {MAX_DEPTH} folders"
    if path.startswith("/") or "\\" in path or _DRIVE.match(path):
        return "is not relative with / between its parts"
    return next((said for part in parts if (said := _complaint_of_part(part))), "")


def _complaint_of_part(part: str) -> str:
    if part in ("", ".", ".."):
        return "has an empty part, or a part that leads elsewhere"
    if len(part.encode()) > MAX_PART:
        return f"has a part longer than {MAX_PART} bytes"
    if part != part.strip():
        return "has a part with a space at its end"
    return "has a part that is the name of a device" if _DEVICE.fullmatch(part) else ""


def is_plain(path: str) -> bool:
    """True for a relative path that cannot leave the folder it is taken from."""
    return not complaint(path)


def unreadable(text: str) -> bool:
    """Does it hold what is not shown, turns the text around, or is not known everywhere?"""
    return any(character > _LAST_CHARACTER or not character.isprintable() for character in text)


def link_complaint(path: str, target: str) -> str:
    """Why a symbolic link at `path` must not lead to `target`, as a sentence's end; '' when it stays in the root.

    It may go up only at its beginning, and no further than it lies deep: whatever else is a link then cannot turn a
    later `..` into a way out. That no folder above `path` is itself a link is for the caller to know.
    """
    if not target or len(target.encode("utf-8", "replace")) > MAX_PATH or unreadable(target) or "\\" in target:
        return "leads to a name that is not plain"
    return way_out(path, target)


def way_out(path: str, target: str) -> str:
    """The same for a target whose name is not asked about: only whether it leads out of the root."""
    if target.startswith("/"):
        return "leads to an absolute path"
    parts = target.removesuffix("/").split("/")
    while parts and parts[0] == ".":
        parts.pop(0)
    ups = next((at for at, part in enumerate(parts) if part != ".."), len(parts))
    if ups > path.count("/"):
        return "leads out of the source"
    if any(part in ("", ".", "..") for part in parts[ups:]):
        return "leads up again after it has gone down"
    return ""


def shown(path: str) -> str:
    """A foreign name, safe to print, short."""
    clear = "".join("?" if unreadable(character) else character for character in path[:100])
    return f"{clear}…" if len(path) > 100 else clear
