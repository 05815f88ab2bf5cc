"""A shell so small that it fits in a test: echo, sleep, exit, false, touch, rm, and running out of memory.

The same Dockerfiles and commands run in it and in a real container, so that the same tests bind
both. Time does not pass: a short sleep is skipped, a long one (or a server) goes on until somebody
ends it.
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from runtime.engine.values import Change

LONG_SLEEP = 5.0
OUT_OF_MEMORY = ("tail", "/dev/zero")
KILLED = 137
NOT_FOUND = 127

_KNOWN = ("echo", "sleep", "exit", "true", "false", "sh", "tail", "nc", "exec", "cat", "test", "touch", "rm")
_TO_STDERR = re.compile(r"\s*>&2\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a command prints, and how it ends; `exit_code` None means that it goes on."""

    lines: tuple[tuple[Literal["o", "e"], str], ...]
    exit_code: int | None
    oom_killed: bool = False
    changes: tuple[Change, ...] = ()


def is_known(command: Sequence[str]) -> bool:
    """True when there is such a program."""
    return not command or command[0].rpartition("/")[2] in _KNOWN


def run(command: Sequence[str]) -> Run:
    """Runs an argument list; `sh -c` with statements parted by `;`."""
    if len(command) > 2 and command[0].endswith("sh") and command[1] == "-c":
        return _script(command[2])
    return _script(shlex.join(command))


def _script(script: str) -> Run:
    lines: list[tuple[Literal["o", "e"], str]] = []
    changes: list[Change] = []
    code = 0
    for statement in (part.strip() for part in re.split(r";|&&|\n", script)):
        stderr = _TO_STDERR.search(statement) is not None
        words = shlex.split(_TO_STDERR.sub(" ", statement))
        words = words[1:] if words[:1] == ["exec"] else words
        if not words:
            continue
        if tuple(words) == OUT_OF_MEMORY:
            return Run(lines=tuple(lines), changes=tuple(changes), exit_code=KILLED, oom_killed=True)
        if words[0] == "exit":
            return Run(lines=tuple(lines), changes=tuple(changes), exit_code=int(words[1]))
        if words[0] == "nc" or (words[0] == "sleep" and float(words[1]) > LONG_SLEEP):
            return Run(lines=tuple(lines), changes=tuple(changes), exit_code=None)
        if words[0] == "echo":
            lines.append(("e" if stderr else "o", " ".join(words[1:])))
        if words[0] in ("touch", "rm"):
            changes.append(Change(kind="added" if words[0] == "touch" else "deleted", path=words[1]))
        code = _status(words[0])
    return Run(lines=tuple(lines), changes=tuple(changes), exit_code=code)


def _status(word: str) -> int:
    if word not in _KNOWN:
        return NOT_FOUND
    return 1 if word == "false" else 0
