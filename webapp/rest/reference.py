"""The API's description as a page shows it: values for a template, read from the OpenAPI document. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
REF = "#/components/schemas/"
MAX_CHOICES = 30

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Word:
    """A piece of a type's name; `ref` names the thing that it is, if it is one that the page describes."""

    text: str
    ref: str = ""


@dataclass(frozen=True)
class Field:
    """A parameter, or a part of a body or an answer."""

    name: str
    type: Sequence[Word]
    required: bool
    about: str
    place: str = ""  # path, query, header


@dataclass(frozen=True)
class Answer:
    """What comes back with a status; errors all have the same body."""

    status: str
    name: str
    type: Sequence[Word]


@dataclass(frozen=True)
class Operation:
    """One verb at one address."""

    id: str
    method: str
    path: str
    about: str
    parameters: Sequence[Field]
    body: Sequence[Word]
    answers: Sequence[Answer]
    errors: Sequence[Answer]


@dataclass(frozen=True)
class Room:
    """What belongs together: the first word of the address."""

    name: str
    operations: Sequence[Operation]


@dataclass(frozen=True)
class Thing:
    """A shape that bodies and answers have."""

    name: str
    about: str
    fields: Sequence[Field]
    type: Sequence[Word]


@dataclass(frozen=True)
class Reference:
    """The whole page."""

    rooms: Sequence[Room]
    things: Sequence[Thing]


def reference(document: Schema) -> Reference:
    """The page of this OpenAPI document."""
    rooms: dict[str, list[Operation]] = {}
    for path, verbs in document["paths"].items():
        for method in METHODS:
            if method in verbs:
                rooms.setdefault(verbs[method]["tags"][0], []).append(_operation(method, path, verbs[method]))
    return Reference(
        rooms=[Room(name, operations) for name, operations in sorted(rooms.items())],
        things=[_thing(name, schema) for name, schema in sorted(document["components"]["schemas"].items())],
    )


def _operation(method: str, path: str, found: Schema) -> Operation:
    answers = [_answer(status, answer) for status, answer in sorted(found["responses"].items())]
    return Operation(
        id=found["operationId"],
        method=method.upper(),
        path=path,
        about=found.get("description", ""),
        parameters=[_parameter(parameter) for parameter in found.get("parameters", ())],
        body=tuple(_content(found.get("requestBody", {}))),
        answers=[answer for answer in answers if answer.status < "400"],
        errors=[answer for answer in answers if answer.status >= "400"],
    )


def _parameter(found: Schema) -> Field:
    return Field(
        name=found["name"],
        type=tuple(_type(found["schema"])),
        required=found.get("required", False),
        about=found.get("description", ""),
        place=found["in"],
    )


def _answer(status: str, found: Schema) -> Answer:
    return Answer(status=status, name=found.get("description", ""), type=tuple(_content(found)))


def _content(found: Schema) -> Iterator[Word]:
    for number, (media, content) in enumerate(found.get("content", {}).items()):
        if number:
            yield Word(" or ")
        if not media.endswith("json"):
            yield Word(f"{media}: ")
        yield from _type(content.get("schema", {}))


def _thing(name: str, schema: Schema) -> Thing:
    needed = schema.get("required", ())
    fields = [
        Field(name=part, type=tuple(_type(inner)), required=part in needed, about=inner.get("description", ""))
        for part, inner in schema.get("properties", {}).items()
    ]
    whole = () if fields else tuple(_type(schema))
    return Thing(name=name, about=schema.get("description", ""), fields=fields, type=whole)


def _type(schema: Schema) -> Iterator[Word]:
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(REF)
        yield Word(name, ref=name)
        return
    for union in ("allOf", "oneOf", "anyOf"):
        if union in schema:
            yield from _joined([tuple(_type(inner)) for inner in schema[union]])
            return
    if "enum" in schema:
        yield Word(" | ".join(str(choice) for choice in schema["enum"][:MAX_CHOICES]))
    elif schema.get("type") == "array":
        yield Word("list of ")
        yield from _type(schema.get("items", {}))
    elif schema.get("additionalProperties") and isinstance(schema["additionalProperties"], dict):
        yield Word("text → ")
        yield from _type(schema["additionalProperties"])
    else:
        yield Word(_plain(schema))


def _joined(parts: Sequence[tuple[Word, ...]]) -> Iterator[Word]:
    for number, part in enumerate(parts):
        if number:
            yield Word(" or ")
        yield from part


def _plain(schema: Schema) -> str:
    kinds = schema.get("type", "anything")
    name = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    return f"{name} ({schema['format']})" if "format" in schema else name
