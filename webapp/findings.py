"""Checks of what people send as JSON: each notes what is wrong by field, and answers with the clean value.

Rooms share these, so that a rule about text, numbers or names is written once. Nothing that passes holds a
NUL or half a surrogate, which the database could not keep.
"""

from collections.abc import Collection, Mapping, Sequence

from runtime.contract import names, paths
from webapp.problems import Invalid

MAX_VARIABLES = 200
MAX_VALUE_BYTES = 32 * 1024
MAX_VARIABLES_BYTES = 256 * 1024
MAX_WORDS = 200
MAX_PATTERNS = 20
MAX_WORD_BYTES = 8 * 1024


class Findings:
    """What is wrong, by field; `settle` refuses when there is anything."""

    def __init__(self) -> None:
        self.errors: dict[str, list[str]] = {}

    def add(self, field: str, text: str) -> None:
        self.errors.setdefault(field, []).append(text)

    def settle(self) -> None:
        """Raise `Invalid` with everything found."""
        if self.errors:
            raise Invalid(self.errors)

    def known(self, value: object, field: str, allowed: Collection[str]) -> Mapping[str, object]:
        """An object with no other fields than these; an empty one when it is not."""
        if not isinstance(value, Mapping):
            self.add(field, "This must be an object.")
            return {}
        for name in value:
            if name not in allowed:
                self.add(f"{field}.{clip(name)}", "This field is not known here.")
        return {name: value[name] for name in allowed if name in value}

    def text(self, value: object, field: str, *, limit: int, empty: bool = False) -> str:
        """A text of at most `limit` bytes."""
        if not isinstance(value, str):
            self.add(field, "This must be a text.")
            return ""
        if not is_storable(value):
            self.add(field, "This holds characters that cannot be kept (NUL or half a character).")
            return ""
        if len(value.encode()) > limit:
            self.add(field, f"This is longer than {limit} bytes.")
            return ""
        if not value and not empty:
            self.add(field, "This must not be empty.")
        return value

    def whole(self, value: object, field: str, *, low: int, high: int) -> int:
        """A whole number within bounds."""
        if isinstance(value, bool) or not isinstance(value, int):
            self.add(field, "This must be a whole number.")
            return low
        if not low <= value <= high:
            self.add(field, f"This must lie between {low} and {high}.")
            return low
        return value

    def number(self, value: object, field: str, *, low: float, high: float) -> float:
        """A number within bounds."""
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            self.add(field, "This must be a number.")
            return low
        if not low <= value <= high:
            self.add(field, f"This must lie between {low:g} and {high:g}.")
            return low
        return float(value)

    def choice(self, value: object, field: str, options: Sequence[str]) -> str:
        """One of these words."""
        if not isinstance(value, str) or value not in options:
            self.add(field, f"This must be one of: {', '.join(options)}.")
            return options[0]
        return value

    def flag(self, value: object, field: str) -> bool:
        """True or false."""
        if not isinstance(value, bool):
            self.add(field, "This must be true or false.")
            return False
        return value

    def slug(self, value: object, field: str = "slug") -> str:
        """A name that is safe everywhere (names.SLUG)."""
        if not isinstance(value, str) or not names.SLUG.fullmatch(value):
            self.add(field, "1 to 40 of a-z, 0-9 and -, beginning with a letter, not ending with -.")
            return ""
        return value

    def words(self, value: object, field: str) -> list[str]:
        """A command as a list of words; never one line for a shell."""
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            self.add(field, 'This must be a list of words, such as ["httpd", "-f"].')
            return []
        if len(value) > MAX_WORDS:
            self.add(field, f"At most {MAX_WORDS} words.")
            return []
        return [self.text(word, f"{field}.{at}", limit=MAX_WORD_BYTES, empty=True) for at, word in enumerate(value)]

    def variables(self, value: object, field: str) -> dict[str, str]:
        """Names and texts for a container or a build; names that change how programs are found are refused."""
        if not isinstance(value, Mapping):
            self.add(field, "This must be an object of names and texts.")
            return {}
        if len(value) > MAX_VARIABLES:
            self.add(field, f"At most {MAX_VARIABLES} of them.")
            return {}
        clean = {}
        for key, text in value.items():
            if self.key(key, field):
                clean[str(key)] = self.text(text, f"{field}.{key}", limit=MAX_VALUE_BYTES, empty=True)
        if sum(len(key) + len(text.encode()) for key, text in clean.items()) > MAX_VARIABLES_BYTES:
            self.add(field, f"Together more than {MAX_VARIABLES_BYTES} bytes.")
        return clean

    def key(self, key: object, field: str) -> bool:
        """Is this a name that a variable may have?"""
        if not isinstance(key, str) or not names.ENVIRONMENT_KEY.fullmatch(key):
            self.add(f"{field}.{clip(key)}", "A name is letters, digits and _, not beginning with a digit.")
            return False
        if key.upper() in names.RESERVED_ENVIRONMENT_KEYS:
            self.add(f"{field}.{key}", "This name is reserved: it changes which programs run.")
            return False
        return True

    def patterns(self, value: object, field: str, *, limit: int, such_as: str) -> list[str]:
        """Patterns as in a shell, each of at most `limit` bytes; `such_as` shows how they look."""
        if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > MAX_PATTERNS:
            self.add(field, f"At most {MAX_PATTERNS} patterns.")
            return []
        clean = [self.text(pattern, field, limit=limit) for pattern in value]
        if not all(pattern.isprintable() and pattern == pattern.strip() for pattern in clean):
            self.add(field, f"A pattern has visible characters only, such as {such_as}.")
        return clean

    def path(self, value: object, field: str) -> str:
        """A path that stays below where it starts: relative, plain, with / between its parts."""
        text = self.text(value, field, limit=paths.MAX_PATH)
        said = paths.complaint(text) if text else ""
        if said:
            self.add(field, f"A relative path without .., empty parts, \\ or invisible characters: this {said}.")
        return text


def is_storable(text: str) -> bool:
    """Can the database keep it?"""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def clip(name: object) -> str:
    """A foreign field name, safe to print."""
    return "".join(character if character.isprintable() else "?" for character in str(name))[:60]
