"""How two definitions of an image differ: settings as rows, texts line by line. Pure.

A definition is `{"source": …, "build": …}` of whatever kind: what is not a text of a file is a setting, known by its
name here or not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

CONTEXT = 3  # equal lines around what differs
MAX_COMPARED = 1000  # lines of one text that are compared one by one, beyond what is equal at both ends
MAX_BUDGET = 3000  # lines of all texts together
MAX_SHOWN = 2000  # lines of one text's difference
MAX_VALUE = 2000  # characters of a setting

LABELS = {
    "kind": "Comes from",
    "url": "Repository",
    "ref": "Branch, tag or commit",
    "directory": "Folder",
    "dockerfile": "Dockerfile",
    "credential": "Signs in with secret",
    "deploy_key": "Signs in with deploy key",
    "submodules": "Submodules",
    "reference": "Image in a registry",
    "name": "Uploaded file",
    "digest": "Digest of the upload",
    "size": "Size of the upload",
    "replica": "Replica",
    "container": "Container",
    "base": "Build that it ran",
    "author": "Author",
    "message": "Message",
    "added": "Paths added",
    "changed": "Paths changed",
    "deleted": "Paths deleted",
    "args": "Argument",
    "secrets": "Build secret",
    "target": "Stage",
    "timeout": "Time limit in seconds",
    "no_cache": "Without the cache",
}

NOTHING: Mapping[str, Any] = {}  # before the first definition

Kind = Literal["same", "added", "removed", "gap"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text's difference; `before` and `after` count from 1, None where it is not there."""

    kind: Kind
    text: str
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text that differs. `cut`: it is too long to be shown whole, or to be compared line by line."""

    path: str
    added: int
    removed: int
    lines: tuple[Line, ...]
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting that differs; None where there is none."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Empty where two definitions are equal."""

    settings: tuple[Setting, ...]
    texts: tuple[Text, ...]

    def __bool__(self) -> bool:
        return bool(self.settings or self.texts)


def differ(before: Mapping[str, Any], after: Mapping[str, Any]) -> Difference:
    """What is not the same in two definitions, in the order of names."""
    texts, budget = [], MAX_BUDGET
    for path, old, new in _pairs(_texts(before), _texts(after)):
        text = _text(path, old or "", new or "", budget=budget)
        budget = max(budget - len(text.lines), 0)
        texts.append(text)
    settings = (Setting(name=name, before=old, after=new) for name, old, new in _changed_settings(before, after))
    return Difference(settings=tuple(settings), texts=tuple(texts))


def changed_names(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Only what differs, by name: cheap enough for every row of a list."""
    settings = [name for name, _, _ in _changed_settings(before, after)]
    return [*settings, *(path for path, _, _ in _pairs(_texts(before), _texts(after)))]


def _changed_settings(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, str | None, str | None]]:
    return _pairs(dict(_settings(before)), dict(_settings(after)))


def _pairs(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[tuple[str, str | None, str | None]]:
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            yield name, before.get(name), after.get(name)


def _texts(definition: Mapping[str, Any]) -> dict[str, str]:
    """The texts that are written into the definition, the Dockerfile first."""
    source = definition.get("source") or {}
    if source.get("kind") != "dockerfile":
        return {}
    files = source.get("files") or {}
    return {"Dockerfile": str(source.get("dockerfile", "")), **{path: str(files[path]) for path in sorted(files)}}


def _settings(definition: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    source: dict[str, Any] = dict(definition.get("source") or {})
    if source.get("kind") == "dockerfile":
        source.pop("dockerfile", None)
        source.pop("files", None)
    parts: tuple[Mapping[str, Any], ...] = (source, definition.get("build") or {})
    for part in parts:
        for key, value in part.items():
            label = LABELS.get(key, key)
            if isinstance(value, Mapping):
                yield from ((f"{label} {name}", _value(each)) for name, each in sorted(value.items()))
            elif value not in (None, ""):
                yield label, _value(value)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))[:MAX_VALUE]
    return str(value)[:MAX_VALUE]


def _text(path: str, before: str, after: str, *, budget: int) -> Text:
    old, new = before.splitlines(), after.splitlines()
    head = _common(old, new)
    tail = min(_common(old[::-1], new[::-1]), min(len(old), len(new)) - head)
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(middle_old) + len(middle_new) > min(MAX_COMPARED, budget):
        return Text(path=path, added=len(middle_new), removed=len(middle_old), lines=(), cut=True)
    changes = _changes(middle_old, middle_new)
    lines = _with_context(old, changes, head=head, tail=tail)
    return Text(
        path=path,
        added=sum(kind == "added" for kind, _ in changes),
        removed=sum(kind == "removed" for kind, _ in changes),
        lines=tuple(lines[:MAX_SHOWN]),
        cut=len(lines) > MAX_SHOWN,
    )


def _common(one: list[str], other: list[str]) -> int:
    """How many lines are equal from the beginning on."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _changes(before: list[str], after: list[str]) -> list[tuple[Kind, str]]:
    found: list[tuple[Kind, str]] = []
    for tag, from_old, to_old, from_new, to_new in SequenceMatcher(None, before, after).get_opcodes():
        if tag == "equal":
            found += [("same", text) for text in before[from_old:to_old]]
        else:
            found += [("removed", text) for text in before[from_old:to_old]]
            found += [("added", text) for text in after[from_new:to_new]]
    return found


def _with_context(old: list[str], changes: list[tuple[Kind, str]], *, head: int, tail: int) -> list[Line]:
    """The changes with numbers and the equal lines around them; long equal stretches become a gap."""
    around = max(head - CONTEXT, 0)
    every: list[tuple[Kind, str]] = [("same", text) for text in old[around:head]]
    every += changes
    every += [("same", text) for text in old[len(old) - tail : len(old) - tail + CONTEXT]]
    numbered, before, after = [], around, around
    for kind, text in every:
        before, after = before + (kind != "added"), after + (kind != "removed")
        numbered.append(Line(kind, text, before if kind != "added" else None, after if kind != "removed" else None))
    return list(_without_gaps(numbered))


def _without_gaps(lines: list[Line]) -> Iterator[Line]:
    changed = [at for at, line in enumerate(lines) if line.kind != "same"]
    near = {at + step for at in changed for step in range(-CONTEXT, CONTEXT + 1)}
    skipped = 0
    for at, line in enumerate(lines):
        if at in near:
            if skipped:
                yield Line("gap", f"{skipped} lines are the same")
            skipped = 0
            yield line
        else:
            skipped += 1
