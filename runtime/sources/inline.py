"""Inline sources: a Dockerfile with the files beside it, written down."""

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from runtime.contract.source import InlineSource
from runtime.sources.context import Context, SourceError, guarded_path, open_context

DOCKERFILE = "Dockerfile"
MAX_FILES = 500
MAX_FILE_BYTES = 1024 * 1024
MAX_TOTAL_BYTES = 8 * 1024 * 1024
FILE_MODE = 0o644
SCRIPT_MODE = 0o755


def write_inline(source: InlineSource, *, directory: Path) -> Context:
    """Writes the Dockerfile and the files beside it into the empty `directory`. SourceError."""
    paths = {name: guarded_path(name) for name in source.files}
    _check_files(source.files, paths)
    _write(directory, PurePosixPath(DOCKERFILE), source.dockerfile)
    for name, text in sorted(source.files.items()):
        _write(directory, paths[name], text)
    return open_context(directory, dockerfile=DOCKERFILE)


def _check_files(files: Mapping[str, str], paths: Mapping[str, PurePosixPath]) -> None:
    if len(files) > MAX_FILES:
        raise SourceError(f"more than {MAX_FILES} files")
    sizes = [len(text.encode("utf-8", "replace")) for text in files.values()]
    if any(size > MAX_FILE_BYTES for size in sizes) or sum(sizes) > MAX_TOTAL_BYTES:
        raise SourceError("the files are too large")
    taken = {*paths.values(), PurePosixPath(DOCKERFILE)}
    for path in paths.values():
        if path == PurePosixPath(DOCKERFILE) or taken.intersection(path.parents):
            raise SourceError(f"{path} is in the way of another file")


def _write(directory: Path, path: PurePosixPath, text: str) -> None:
    """A new file; the directory is ours alone, and still nothing is followed or overwritten."""
    target = directory.joinpath(*path.parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(target, flags, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, SCRIPT_MODE if text.startswith("#!") else FILE_MODE)
        file.write(text.encode("utf-8", "replace"))
