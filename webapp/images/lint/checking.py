"""Every rule over every instruction, and what they find in the order of the lines."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from webapp.images.lint.copying import FILE_RULES
from webapp.images.lint.copying import RULES as COPY_RULES
from webapp.images.lint.notes import Level, Note
from webapp.images.lint.reading import KNOWN, Instruction, read
from webapp.images.lint.running import RULES

MAX_FINDINGS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A note and the lines it is about, counted from 1."""

    code: str
    level: Level
    line: int
    last: int
    text: str  # what is wrong and what to do


def check(text: str, *, files: Iterable[str] | None = None) -> list[Finding]:
    """What is wrong with a Dockerfile. `files`: all paths beside it where they are known, None where not.

    At most MAX_FINDINGS, by line. Order and result depend on the arguments alone.
    """
    instructions = read(text)
    known = None if files is None else frozenset(files)
    found = sorted(_found(instructions, known), key=lambda finding: (finding.line, finding.code))
    return found[:MAX_FINDINGS]


def _found(instructions: list[Instruction], files: frozenset[str] | None) -> Iterator[Finding]:
    if not instructions:
        yield _said(Note("empty", "error", "Nothing is here yet: a Dockerfile begins with FROM and an image."), None)
        return
    for instruction in instructions:
        if instruction.name not in KNOWN:
            shown = instruction.name[:30]
            yield _said(Note("unknown", "error", f"{shown} is no instruction of a Dockerfile."), instruction)
        elif not instruction.rest and not instruction.heredoc:
            yield _said(Note("bare", "error", f"{instruction.name} needs something behind it."), instruction)
    for rule in RULES + COPY_RULES:
        for where, note in rule(instructions):
            yield _said(note, where)
    for file_rule in FILE_RULES if files is not None else ():
        for where, note in file_rule(instructions, files or frozenset()):
            yield _said(note, where)


def _said(note: Note, where: Instruction | None) -> Finding:
    line, last = (where.line, where.last) if where else (1, 1)
    return Finding(code=note.code, level=note.level, line=line, last=last, text=note.text)
