"""JSON, read strictly: what two readers could understand differently is refused."""

import json
from collections.abc import Iterator, Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.parsers import BaseParser

from webapp.problems import Invalid, TooLarge

MAX_DEPTH = 32
MAX_VALUES = 100_000
MAX_INTEGER = 2**53 - 1  # beyond it, readers disagree


class StrictJSONParser(BaseParser):
    """No duplicate key, no NaN, no number that readers round, no NUL or half character; bounded in size and depth."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge(code="input.too_large", detail=f"A body has at most {limit} bytes.")
        try:
            value = json.loads(
                raw.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=_float
            )
        except (ValueError, RecursionError) as error:
            raise _unreadable(f"This is not JSON as it should be: {error}") from error
        _check(value)
        return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the name {name[:100]!r} is there twice")
        found[name] = value
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return number


def _check(value: Any) -> None:
    layer, count = [value], 0
    for _ in range(MAX_DEPTH + 1):
        count += len(layer)
        if count > MAX_VALUES:
            raise _unreadable(f"More than {MAX_VALUES} values.")
        layer = [inner for outer in layer for inner in _inside(outer)]
        if not layer:
            return
    raise _unreadable(f"Nested deeper than {MAX_DEPTH} levels.")


def _inside(value: Any) -> Iterator[Any]:
    match value:
        case dict():
            yield from value
            yield from value.values()
        case list():
            yield from value
        case str() if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
            raise _unreadable("A text holds a NUL or half a character.")
        case int() if abs(value) > MAX_INTEGER:
            raise _unreadable(f"A whole number is beyond {MAX_INTEGER}.")


def _unreadable(detail: str) -> Invalid:
    return Invalid({}, code="input.unreadable", detail=detail)
