"""What every part of a message between the planes is: immutable, strict, and silent about its defaults."""

from functools import cache
from typing import Any

import msgspec


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of every message part: immutable, nothing unknown. (`kw_only` is not inherited, so each class says it.)

    A default never changes, and a new field has one: what says its default is not sent, so an order that does not use
    a new field is carried out by a host that does not know it, and a specification keeps its hash.
    """

    def __post_init__(self) -> None:
        # The encoder leaves out what *is* the default, not what equals it; a value from elsewhere only equals it.
        for name, default in _defaults(type(self)):
            value = getattr(self, name)
            if value is not default and value == default:
                msgspec.structs.force_setattr(self, name, default)


@cache
def _defaults(kind: type[Strict]) -> tuple[tuple[str, Any], ...]:
    """The fields with a default that is one value. Empty collections are made anew, and the encoder knows them."""
    fields = msgspec.structs.fields(kind)
    return tuple((field.name, field.default) for field in fields if field.default is not msgspec.NODEFAULT)


def whole(message: Strict) -> dict[str, Any]:
    """JSON values of a flat message with its defaults, for where it is kept and shown; sending leaves them out."""
    fields = msgspec.structs.fields(message)
    return {field.name: msgspec.to_builtins(getattr(message, field.name)) for field in fields}
