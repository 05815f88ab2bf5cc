"""Who last changed each part of a thing that plans are made of, so that nobody approves their own change. Pure."""

from collections.abc import Mapping

MOST_PARTS = 2000  # of one thing; those longest unchanged are forgotten first


def noted(
    known: Mapping[str, str], *, before: Mapping[str, object], after: Mapping[str, object], person: str | None
) -> dict[str, str]:
    """Person by part, once this person has changed `before` into `after`. To take a part away is to change it.

    `person` None is nobody: Slipway itself, which is no author that could approve.
    """
    parts = [part for part in {**before, **after} if before.get(part) != after.get(part)]
    kept = {part: author for part, author in known.items() if part not in parts}
    if person is not None:
        kept |= dict.fromkeys(parts, person)
    return dict(list(kept.items())[-MOST_PARTS:])
