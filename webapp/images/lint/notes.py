"""What a rule says, and where."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from webapp.images.lint.reading import Instruction

Level = Literal["error", "warning", "hint"]


class Note(NamedTuple):
    """A stable code, how bad it is, and a sentence with the remedy.

    `error`: the build will fail. `warning`: it will not do what was meant. `hint`: it could be better.
    """

    code: str
    level: Level
    text: str


Found = Iterator[tuple[Instruction, Note]]
