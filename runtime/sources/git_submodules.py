"""Submodules of a Git source, where it asks for them: each fetched by the same rule as the source itself.

What a repository says of its submodules is read, never carried out: git's own submodule command is not used.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from runtime.contract.repositories import Repository
from runtime.sources.context import SourceError, guarded_path
from runtime.sources.git_repository import Entry, Fetched
from runtime.sources.git_ways import Ways
from runtime.sources.means import Means

MAX_SUBMODULES = 20  # of one source, those of submodules among them
MAX_DEPTH = 3

_LIST = ".gitmodules"
_LINK = "160000"
_FILES = ("100644", "100755")
_SETTING = re.compile(r"submodule\.(.+)\.(path|url) (.*)")


class Wanted(NamedTuple):
    """A submodule as a commit names it."""

    path: str
    at: Repository
    commit: str


class Submodules:
    """Fetches below `directory`, and moves what it fetched to where it belongs."""

    def __init__(self, *, ways: Ways, means: Means, directory: Path) -> None:
        self._ways = ways
        self._means = means
        self._directory = directory
        self._count = 0

    def wanted(self, git: Fetched, commit: str, tree: list[Entry], at: Repository) -> list[Wanted]:
        """What the commit asks for; to be asked while `git` still has it. SourceError for an address that is none."""
        links = [entry for entry in tree if entry.mode == _LINK]
        if not links:
            return []
        urls = _urls(git, commit, tree)
        found = []
        for link in links:
            with _of(link.path):
                if link.path not in urls:
                    raise SourceError(f"{_LIST} says no address for it")
                found.append(Wanted(link.path, self._ways.beside(at, urls[link.path]), link.object))
        return found

    def fill(self, tree: Path, wanted: list[Wanted], *, depth: int = 1) -> None:
        """Each into its empty folder of `tree`, with its own submodules."""
        for one in wanted:
            with _of(one.path):
                self._fill(tree, one, depth)

    def _fill(self, tree: Path, one: Wanted, depth: int) -> None:
        self._count += 1
        if self._count > MAX_SUBMODULES:
            raise SourceError(f"a source has at most {MAX_SUBMODULES} submodules", code="source_too_large")
        if depth > MAX_DEPTH:
            raise SourceError(f"submodules are nested at most {MAX_DEPTH} deep", code="source_too_large")
        folder = _folder(tree, one.path)
        self._means.say(f"Fetching submodule {one.path} from {one.at}, commit {one.commit}")
        git = self._ways.open(one.at, self._directory / str(self._count))
        git.fetch(str(one.at), one.commit)
        entries = git.entries(one.commit)
        inner = self.wanted(git, one.commit, entries, one.at)
        git.check_out(one.commit)
        self.fill(git.tree, inner, depth=depth + 1)
        folder.rmdir()
        git.tree.rename(folder)


def _urls(git: Fetched, commit: str, tree: list[Entry]) -> dict[str, str]:
    """Path to address, of the commit's list."""
    if not any(entry.path == _LIST and entry.mode in _FILES for entry in tree):
        raise SourceError(f"the repository has submodules and no file {_LIST}")
    lines = git.run(
        "config", "--no-includes", f"--blob={commit}:{_LIST}", "--get-regexp", r"^submodule\..*\.(path|url)$"
    )
    said: dict[str, dict[str, str]] = {}
    for found in filter(None, map(_SETTING.fullmatch, lines)):
        said.setdefault(found[1], {})[found[2]] = found[3]
    return {one["path"]: one["url"] for one in said.values() if "path" in one and "url" in one}


def _folder(tree: Path, path: str) -> Path:
    """Where it belongs: the empty folder that git left for it, with no link on the way."""
    parts = guarded_path(path).parts
    if any(part.lower() == ".git" for part in parts):
        raise SourceError("nothing is put into Git's own folder")
    folder = tree
    for part in parts:
        folder = folder / part
        if folder.is_symlink() or not folder.is_dir():
            raise SourceError("its place in the repository is taken")
    if any(folder.iterdir()):
        raise SourceError("its place in the repository is taken")
    return folder


@contextmanager
def _of(path: str) -> Iterator[None]:
    """What goes wrong inside is said of this submodule."""
    try:
        yield
    except SourceError as error:
        problem = error.problem
        raise SourceError(
            f"submodule {path[:200]}: {problem.message}",
            code=problem.code,
            whose=problem.whose,
            retry_helps=problem.retry_helps,
            advice=problem.advice,
            evidence=problem.evidence,
        ) from error
