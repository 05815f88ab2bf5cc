"""The profiles that there are, as values, for the rooms above."""

from collections.abc import Mapping
from dataclasses import dataclass

from webapp.isolation.models import Profile
from webapp.isolation.rules import Rules


@dataclass(frozen=True, kw_only=True)
class Profiles:
    """All of them by slug, and the one that holds where none is named."""

    by_slug: Mapping[str, Rules]
    default: Rules

    def named(self, slug: str) -> Rules | None:
        """The one of this name, or the default where none is named; None when there is none of it."""
        return self.by_slug.get(slug) if slug else self.default


def profiles() -> Profiles:
    """As they are now. One query."""
    rows = list(Profile.objects.all())
    default = next(row.rules for row in rows if row.is_default)  # a constraint and the verbs keep exactly one
    return Profiles(by_slug={row.slug: row.rules for row in rows}, default=default)


def choices() -> list[tuple[str, str]]:
    """For a form: slug and words, the default first and without a name, so that it stays whichever is the default."""
    rows = sorted(Profile.objects.all(), key=lambda row: not row.is_default)
    usual = [("", f"{row.title} (the usual one)") for row in rows if row.is_default]
    return usual + [(row.slug, row.title) for row in rows]
