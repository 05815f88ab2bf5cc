"""Whom a container runs as, by number: what the order or else the image says, looked up in the image's own files."""

from collections.abc import Iterator
from typing import NamedTuple

from runtime.contract.reports import Problem
from runtime.engine.base import Engine
from runtime.procedures.ports import FileOwner, ProcedureError
from runtime.redaction import decode

PASSWD, GROUP = "/etc/passwd", "/etc/group"
MAX_BYTES = 1024 * 1024
ROOT = FileOwner(0, 0)


class _Entry(NamedTuple):
    """A line of either file; `gid` is a user's own group."""

    name: str
    number: int
    gid: int


def owner_in(engine: Engine, image_id: str, user: str) -> FileOwner:
    """Who `user` is in this image; empty: whom the image names. ProcedureError where it names nobody it knows."""
    asked = user or engine.image(image_id).user
    if not asked:
        return ROOT
    if asked.replace(":", "", 1).isdecimal() and ":" in asked:
        return find_owner(asked, passwd="", group="")
    files = engine.files(image_id, [PASSWD, GROUP], limit=MAX_BYTES)
    return find_owner(asked, passwd=decode(files.get(PASSWD, b"")), group=decode(files.get(GROUP, b"")))


def find_owner(user: str, *, passwd: str, group: str) -> FileOwner:
    """As an engine reads `user`: uid or name, and :gid or :group. A number that no line knows stands for itself."""
    person, _, group_asked = user.partition(":")
    entry = _find(person, _entries(passwd, fields=4))
    if entry is None and not person.isdecimal():
        raise _unknown(user)
    uid, gid = (entry.number, entry.gid) if entry is not None else (int(person), 0)
    if group_asked:
        named = _find(group_asked, _entries(group, fields=3))
        if named is None and not group_asked.isdecimal():
            raise _unknown(user)
        gid = named.number if named is not None else int(group_asked)
    return FileOwner(uid, gid)


def _find(asked: str, entries: Iterator[_Entry]) -> _Entry | None:
    return next((entry for entry in entries if asked in (entry.name, str(entry.number))), None)


def _entries(text: str, *, fields: int) -> Iterator[_Entry]:
    for line in text.splitlines():
        parts = line.split(":")
        if len(parts) >= fields and all(part.isdecimal() for part in parts[2:fields]):
            yield _Entry(parts[0], int(parts[2]), int(parts[fields - 1]))


def _unknown(user: str) -> ProcedureError:
    return ProcedureError(
        Problem(
            code="user_unknown",
            whose="user",
            message=f"The image knows no user {user}, so nobody can own the files of its secrets.",
            advice="Name the user by number in the service's isolation, such as 1000:1000.",
        )
    )
