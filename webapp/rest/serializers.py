"""Bodies, read strictly: what is not known, or is not to be written, is refused by name; types are not guessed."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.fields import Field

from webapp.findings import MAX_PATTERNS

KINDS: tuple[tuple[type[Field[Any, Any, Any, Any]], tuple[type, ...], str], ...] = (
    (serializers.CharField, (str,), "Not a text."),
    (serializers.ChoiceField, (str,), "Not a text."),
    (serializers.DateTimeField, (str,), "Not a time as text."),
    (serializers.BooleanField, (bool,), "Neither true nor false."),
    (serializers.IntegerField, (int,), "Not a whole number."),
    (serializers.FloatField, (int, float), "Not a number."),
    (serializers.ListField, (list,), "Not a list."),
    (serializers.DictField, (dict,), "Not an object."),
)


class StrictSerializer(serializers.Serializer[Any]):
    """The base of every body that is read. `{"id": "x"}` is refused when `id` is unknown or only read."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            errors = self._strangers(data) | self._wrong_kinds(data)
            if errors:
                raise serializers.ValidationError(errors)
        return super().to_internal_value(data)

    def _strangers(self, data: Mapping[str, Any]) -> dict[str, list[str]]:
        errors: dict[str, list[str]] = {}
        for name in data:
            known = self.fields.get(name)
            if known is None:
                errors[str(name)] = ["Unknown field."]
            elif known.read_only:
                errors[str(name)] = ["This field is only read."]
        return errors

    def _wrong_kinds(self, data: Mapping[str, Any]) -> dict[str, list[str]]:
        found = {name: wrong_kind(self.fields[name], value) for name, value in data.items() if name in self.fields}
        return {name: [text] for name, text in found.items() if text}


class NothingSerializer(StrictSerializer):
    """The body of a POST that has nothing to say: `{}` or none."""


def wrong_kind(field: Any, value: Any) -> str:
    """Why a JSON value is not of the field's kind, '' when it is. The framework takes 1 for "1", "yes" for true."""
    if value is None:
        return ""
    for kind, types, text in KINDS:
        if isinstance(field, kind):
            fits = isinstance(value, types) and (bool in types or not isinstance(value, bool))
            return "" if fits and not any(_children(field, value)) else text if not fits else _first(field, value)
    return ""


def _children(field: Any, value: Any) -> list[str]:
    child = getattr(field, "child", None)
    if child is None:
        return []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [wrong_kind(child, one) for one in inner]


def _first(field: Any, value: Any) -> str:
    return next((text for text in _children(field, value) if text), "")


def patterns_field(about: str, *, longest: int) -> serializers.ListField:
    """A list of patterns, each of at most `longest` characters; `Findings.patterns` checks them."""
    child = serializers.CharField(min_length=1, max_length=longest, trim_whitespace=False)
    return serializers.ListField(child=child, required=False, max_length=MAX_PATTERNS, help_text=about)
