"""Checks of plain input that several rooms share; each raises `Invalid` with the field's name."""

from runtime.contract.names import SLUG
from webapp.problems import Invalid

MAX_NAME = 100


def slug(value: str, *, field: str = "slug") -> str:
    """A short machine name, safe in every name that is made of it."""
    if not SLUG.fullmatch(value):
        raise Invalid(
            {
                field: [
                    "Lower-case letters, digits and hyphens, at most 40; it begins with a letter, ends with no hyphen."
                ]
            }
        )
    return value


def title(value: str, *, field: str = "name", limit: int = MAX_NAME) -> str:
    """A name for people: one line, not empty, nothing that cannot be seen."""
    text = value.strip()
    if not text or len(text) > limit or not text.isprintable():
        raise Invalid({field: [f"One line of 1 to {limit} visible characters."]})
    return text


def slug_pattern() -> str:
    """The slug's pattern, for bodies and their description."""
    return rf"^{SLUG.pattern}$"
