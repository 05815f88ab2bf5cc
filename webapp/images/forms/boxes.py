"""What the kinds of source have in common as boxes of a form."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django import forms

LONG = 256 * 1024  # characters; the verb counts bytes
SHORT = 2000


class Boxes(NamedTuple):
    """The boxes of one kind of source, shown while that kind is chosen.

    `carries`: the verb's field to the box that it is about. `source`: what was typed to the source without its kind.
    `initial`: a kept source to what the boxes show. The boxes stand in `templates/images/sources/<kind>.html`.
    """

    label: str
    fields: Callable[[], dict[str, forms.Field]]
    carries: Mapping[str, str]
    source: Callable[[Mapping[str, Any]], dict[str, Any]]
    initial: Callable[[Mapping[str, Any]], dict[str, Any]]


def short(label: str, *, hint: str = "") -> forms.CharField:
    """A box of one line that may stay empty: the verb says what must be filled."""
    return forms.CharField(required=False, max_length=SHORT, label=label, help_text=hint)
