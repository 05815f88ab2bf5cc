"""Rules about what comes into an image from beside the Dockerfile, from other stages, from elsewhere."""

import fnmatch
import re
from collections.abc import Callable

from webapp.images.lint.notes import Found, Note
from webapp.images.lint.reading import Instruction

_REMOTE = re.compile(r"(?:https?|ftp)://")
_DEPENDENCIES = re.compile(
    r"\b(?:pip3?\s+install\b.*-r|npm\s+(?:ci|install)\b|yarn\s+install|bundle\s+install|go\s+mod\s+download"
    r"|composer\s+install)"
)


def add_or_copy(all_: list[Instruction]) -> Found:
    """ADD unpacks and downloads; where neither is meant, COPY says so."""
    for one in all_:
        if one.name != "ADD" or one.heredoc:
            continue
        sources = one.words()[:-1]
        if any(_REMOTE.match(source) for source in sources):
            if one.flag("checksum") is None:
                text = "What is downloaded is not checked: add --checksum=sha256:… so that it stays what it is."
                yield one, Note("add-unchecked", "warning", text)
        elif sources and not any(re.search(r"\.(?:tar|tgz|tbz2?|txz|tar\.\w+|git)(?:$|#)", each) for each in sources):
            yield one, Note("add-copies", "hint", "COPY does the same here and does nothing unexpected.")


def copy_before_install(all_: list[Instruction]) -> Found:
    """Everything copied before the dependencies: any changed file installs them all again."""
    copied: Instruction | None = None
    for one in all_:
        if one.name == "FROM":
            copied = None
        elif one.name in ("COPY", "ADD") and one.flag("from") is None and one.words()[:1] in (["."], ["./"]):
            copied = copied or one
        elif one.name == "RUN" and copied is not None and _DEPENDENCIES.search(one.rest):
            text = (
                "Any changed file makes the dependencies below install again: copy only the file that lists them, "
                "install, then copy the rest."
            )
            yield copied, Note("cache-order", "hint", text)
            copied = None


def copy_into(all_: list[Instruction]) -> Found:
    """Several sources need a directory."""
    for one in all_:
        words = one.words()
        if one.name not in ("COPY", "ADD") or one.heredoc or not words:
            continue
        if len(words) == 1:
            yield one, Note("copy-where", "error", f"{one.name} needs a source and a destination.")
        elif len(words) > 2 and not words[-1].endswith(("/", ".")) and "$" not in words[-1]:
            yield one, Note("copy-many", "error", f"Several files go into a directory: end {words[-1]} with /.")


def copy_from_stage(all_: list[Instruction]) -> Found:
    """--from counts stages from 0, and only earlier ones."""
    for one in all_:
        source = one.flag("from") if one.name == "COPY" else None
        if source is not None and source.isdecimal() and int(source) >= one.stage:
            text = f"There is no stage {source} before this one: stages are counted from 0."
            yield one, Note("no-such-stage", "error", text)


def missing_files(all_: list[Instruction], files: frozenset[str]) -> Found:
    """What is copied has to be among the files beside the Dockerfile."""
    folders = {"/".join(path.split("/")[:depth]) for path in files for depth in range(1, path.count("/") + 1)}
    there = files | folders | {"Dockerfile", ""}
    for one in all_:
        if one.name not in ("COPY", "ADD") or one.flag("from") is not None or one.heredoc or len(one.words()) < 2:
            continue
        for source in one.words()[:-1]:
            plain = source.removeprefix("./").strip("/").removesuffix("/.")
            if plain == "." or "$" in source or _REMOTE.match(source) or source.startswith(("git@", '"', "'")):
                continue
            if plain not in there and not any(fnmatch.fnmatchcase(path, plain) for path in there):
                text = f"There is no {source[:80]} beside the Dockerfile: add it under Files, or correct the name."
                yield one, Note("missing-file", "error", text)


RULES: tuple[Callable[[list[Instruction]], Found], ...] = (
    add_or_copy,
    copy_before_install,
    copy_into,
    copy_from_stage,
)
FILE_RULES: tuple[Callable[[list[Instruction], frozenset[str]], Found], ...] = (missing_files,)
