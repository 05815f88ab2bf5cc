"""What an entry says has changed, for people: one line a thing, what was and what is, instead of the stored objects."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.dateparse import parse_datetime

MAX_LINES = 40
MAX_TEXT = 400
MAX_DEPTH = 6
WITHIN = " / "
NOTHING = "nothing"


@dataclass(frozen=True)
class Line:
    """One thing: what it was and what it is; '' where it was not told."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Difference:
    """The lines, and how many more there are."""

    lines: tuple[Line, ...]
    more: int


def difference(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Difference:
    """Everything told; where both sides are, only what differs."""
    was, now = dict(_flat(before or {})), dict(_flat(after or {}))
    names = [name for name in {**was, **now} if was.get(name) != now.get(name)]
    lines = tuple(Line(name, was.get(name, ""), now.get(name, "")) for name in names[:MAX_LINES])
    return Difference(lines, more=max(0, len(names) - MAX_LINES))


def _flat(state: Mapping[str, Any], within: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    for key, value in state.items():
        path = (*within, key if key.isupper() else key.replace("_", " "))
        if isinstance(value, Mapping) and value and len(path) < MAX_DEPTH:
            yield from _flat(value, path)
        else:
            yield WITHIN.join(path), _text(value)[:MAX_TEXT]


def _text(value: Any) -> str:
    match value:
        case None | "":
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case str():
            return _moment(value)
        case list():
            return ", ".join(_inner(one) for one in value) or NOTHING
        case _:
            return _inner(value)


def _inner(value: Any) -> str:
    """What stands in a list: an object as its own names and values, in one breath."""
    if isinstance(value, Mapping):
        known = {key: inner for key, inner in value.items() if inner not in (None, "", [], {})}
        return " ".join(f"{key.replace('_', ' ')} {_inner(inner)}" for key, inner in known.items()) or NOTHING
    if isinstance(value, list):
        return "(" + ", ".join(_inner(one) for one in value) + ")"
    return _text(value) if isinstance(value, str | bool) or value is None else json.dumps(value, ensure_ascii=False)


def _moment(text: str) -> str:
    """A time as it is stored, to the minute; any other text as it is."""
    try:
        moment = parse_datetime(text) if len(text) > len("2026-01-31") else None
    except ValueError:
        moment = None
    return moment.strftime("%Y-%m-%d %H:%M UTC") if moment is not None and moment.tzinfo is not None else text
