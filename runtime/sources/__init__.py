"""Where builds come from: one file per kind of source, each of which ends in a build context."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from runtime.contract.source import ArchiveSource, GitSource, InlineSource, Source
from runtime.sources.archive import fetch_archive
from runtime.sources.context import Context
from runtime.sources.git import fetch_git
from runtime.sources.inline import write_inline
from runtime.sources.means import Means


def fetch(source: Source, *, directory: Path, means: Means) -> Context:
    """The context of `source`, in the empty `directory`. SourceError, and what `means.check_cancelled` raises."""
    return _KINDS[type(source)](source, directory, means)


def _inline(source: InlineSource, directory: Path, means: Means) -> Context:
    return write_inline(source, directory=directory)


def _git(source: GitSource, directory: Path, means: Means) -> Context:
    return fetch_git(source, directory=directory, means=means)


def _archive(source: ArchiveSource, directory: Path, means: Means) -> Context:
    return fetch_archive(source, directory=directory, means=means)


_KINDS: dict[type[Source], Callable[[Any, Path, Means], Context]] = {
    InlineSource: _inline,
    GitSource: _git,
    ArchiveSource: _archive,
}
