"""Query parameters: each view says which there are; any other is refused, so that nothing can be asked through them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime

from webapp.ids import is_id
from webapp.problems import Invalid

MAX_TEXT = 200
PAGING = frozenset({"cursor", "page_size"})


@dataclass(frozen=True)
class By:
    """How a parameter narrows a list: the lookup it becomes, and what its text must be."""

    lookup: str
    kind: Literal["text", "id", "flag", "time"] = "text"
    choices: tuple[str, ...] = ()
    about: str = ""


def refuse_unknown(params: Any, known: Iterable[str]) -> None:
    """Raise `Invalid` for a parameter that is not declared, or is there twice."""
    allowed = frozenset(known)
    errors: dict[str, list[str]] = {}
    for name, values in params.lists():
        if name not in allowed:
            errors[name[:MAX_TEXT]] = ["Unknown parameter."]
        elif len(values) > 1:
            errors[name] = ["This parameter is there twice."]
    if errors:
        raise Invalid(errors, code="input.parameter", detail="Some parameters are not right.")


def narrowed(rows: QuerySet[Any], params: Any, filters: Mapping[str, By]) -> QuerySet[Any]:
    """The rows that fit every parameter given."""
    wanted = {by.lookup: _value(name, params[name], by) for name, by in filters.items() if name in params}
    return rows.filter(**wanted) if wanted else rows


def _value(name: str, text: str, by: By) -> Any:
    if by.kind == "flag":
        if text not in ("true", "false"):
            raise Invalid({name: ["true or false."]})
        return text == "true"
    if by.kind == "time":
        return _time(name, text)
    if by.kind == "id" and not is_id(text):
        raise Invalid({name: ["An id of 26 characters, as the list that it is from tells it; no name."]})
    if len(text) > MAX_TEXT or not text.isprintable():
        raise Invalid({name: [f"At most {MAX_TEXT} visible characters."]})
    if by.choices and text not in by.choices:
        raise Invalid({name: [f"One of {', '.join(by.choices)}."]})
    return text


def _time(name: str, text: str) -> datetime:
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise Invalid({name: ["A time such as 2026-01-31T12:00:00Z."]})
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
