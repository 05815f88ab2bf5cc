"""A Dockerfile as a list of instructions, each knowing its lines and its stage."""

import json
import re
from dataclasses import dataclass

_BEGINNING = frozenset({"ADD", "ARG", "COPY", "ENV", "FROM", "RUN", "SHELL", "USER", "VOLUME", "WORKDIR"})
_BECOMING = frozenset({"CMD", "ENTRYPOINT", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "STOPSIGNAL"})
KNOWN = _BEGINNING | _BECOMING
MAX_LINES = 5000  # of a Dockerfile; what is beyond is not looked at

_DIRECTIVE = re.compile(r"^\s*#\s*([A-Za-z]+)\s*=\s*(\S*)")
_HEREDOC = re.compile(r"<<(-?)([\"']?)([A-Za-z_][A-Za-z0-9_]*)\2")
_FLAG = re.compile(r"--([a-z][a-z-]*)(?:=(\S*))?\s+")
_WITH_HEREDOC = frozenset({"RUN", "COPY", "ADD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction: `line` and `last` count from 1, `stage` from 0 (-1 before the first FROM)."""

    name: str  # upper case
    rest: str  # what follows its name and flags, continued lines joined by a space
    flags: tuple[tuple[str, str], ...]
    line: int
    last: int
    stage: int
    heredoc: bool = False

    def flag(self, name: str) -> str | None:
        """The value of `--name=value`, the last one given."""
        return dict(self.flags).get(name)

    def listed(self) -> list[str] | None:
        """The exec form `["a", "b"]`, None for the shell form."""
        if not self.rest.startswith("["):
            return None
        try:
            words = json.loads(self.rest)
        except ValueError:
            return None
        return words if isinstance(words, list) and all(isinstance(word, str) for word in words) else None

    def words(self) -> list[str]:
        """The arguments, whichever form they are given in."""
        listed = self.listed()
        return self.rest.split() if listed is None else listed


def read(text: str) -> list[Instruction]:
    """Every instruction in order, comments and empty lines left out. Never fails: what is no Dockerfile reads oddly."""
    lines = re.split(r"\r?\n", text.removeprefix("\ufeff"), maxsplit=MAX_LINES)[:MAX_LINES]
    escape = _escape(lines)
    found: list[Instruction] = []
    at = 0
    while at < len(lines):
        if not lines[at].strip() or lines[at].lstrip().startswith("#"):
            at += 1
            continue
        whole, after = _joined(lines, at, escape)
        ends = _heredocs(whole)
        after = _beyond(lines, after, ends)
        stage = found[-1].stage if found else -1
        found.append(_instruction(whole, first=at, after=after, stage=stage, heredoc=bool(ends)))
        at = after
    return found


def _escape(lines: list[str]) -> str:
    for line in lines:
        directive = _DIRECTIVE.match(line)
        if directive is None:
            return "\\"
        if directive[1].lower() == "escape" and directive[2] == "`":
            return "`"
    return "\\"


def _joined(lines: list[str], first: int, escape: str) -> tuple[str, int]:
    """The instruction that begins at `first`, and the index of the line after it."""
    parts: list[str] = []
    for at in range(first, len(lines)):
        stripped = lines[at].strip()
        if at > first and (not stripped or stripped.startswith("#")):
            continue
        if not stripped.endswith(escape):
            return " ".join([*parts, stripped]).strip(), at + 1
        parts.append(stripped[:-1].rstrip())
    return " ".join(parts).strip(), len(lines)


def _instruction(whole: str, *, first: int, after: int, stage: int, heredoc: bool) -> Instruction:
    name, _, rest = whole.strip().partition(" ")
    name, rest, flags = name.upper(), rest.strip(), []
    while flag := _FLAG.match(rest + " "):
        flags.append((flag[1], flag[2] or ""))
        rest = rest[flag.end() :].strip()
    return Instruction(
        name=name,
        rest=rest,
        flags=tuple(flags),
        line=first + 1,
        last=after,
        stage=stage + (name == "FROM"),
        heredoc=heredoc,
    )


def _heredocs(whole: str) -> list[tuple[bool, str]]:
    """The here-documents that an instruction opens: (tabs before the end are dropped, the word that ends it)."""
    if whole.partition(" ")[0].upper() not in _WITH_HEREDOC:
        return []
    return [(mark[1] == "-", mark[3]) for mark in _HEREDOC.finditer(whole)]


def _beyond(lines: list[str], after: int, ends: list[tuple[bool, str]]) -> int:
    """The index behind the here-documents that begin on the line before `after`."""
    for tabs, word in ends:
        while after < len(lines) and (lines[after].lstrip("\t") if tabs else lines[after]) != word:
            after += 1
        after = min(after + 1, len(lines))
    return after
