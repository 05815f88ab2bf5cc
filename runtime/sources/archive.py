"""Archives as sources: unpacked into a build context, by the rules under which the control plane took them in.

Nothing of that is taken for granted: every name, link and size is judged again, and what is written follows no link and
overwrites nothing.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from runtime.contract.archives.rules import ArchiveRefused, Bounds, Ledger, Member
from runtime.contract.archives.walking import walk
from runtime.contract.source import ArchiveSource
from runtime.sources.context import Context, SourceError, guarded_path, open_context
from runtime.sources.means import Means

FILE_MODE = 0o644
PROGRAM_MODE = 0o755
FOLDER_MODE = 0o755


def fetch_archive(source: ArchiveSource, *, directory: Path, means: Means) -> Context:
    """The context, in the empty `directory`; the archive lies beside it for as long. SourceError."""
    means.say(f"Fetching the archive {source.digest}, {source.size} bytes")
    archive = directory.with_name("archive")
    means.blobs.fetch(source.digest, size=source.size, into=archive, meanwhile=means.check_cancelled)
    means.say("Unpacking it")
    context = unpack_archive(source, archive=archive, directory=directory, check_cancelled=means.check_cancelled)
    archive.unlink()
    return context


def unpack_archive(
    source: ArchiveSource,
    *,
    archive: Path,
    directory: Path,
    check_cancelled: Callable[[], None],
    bounds: Bounds | None = None,
) -> Context:
    """The context in `archive`, unpacked into the empty `directory`. SourceError, and what `check_cancelled` raises."""
    ledger = Ledger(packed=archive.stat().st_size, bounds=bounds or Bounds(), tick=check_cancelled)
    try:
        with archive.open("rb") as file:
            for member, content in walk(file, form=source.format, ledger=ledger):
                _write(directory, member, content)
    except ArchiveRefused as error:
        raise SourceError(f"The archive is refused. {error}") from error
    part = directory if source.directory == "." else directory / str(guarded_path(source.directory))
    return open_context(part, dockerfile=source.dockerfile, root=directory)


def _write(root: Path, member: Member, content: Iterator[bytes]) -> None:
    """One member, new, below folders that are none but folders: the ledger lets nothing lie below a link."""
    place = root / member.path
    place.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    if member.kind == "folder":
        place.mkdir(mode=FOLDER_MODE, exist_ok=True)
    elif member.kind == "link":
        place.symlink_to(member.target)
    elif member.kind == "twin":
        os.link(root / member.target, place, follow_symlinks=False)
    else:
        _write_file(place, content, PROGRAM_MODE if member.executable else FILE_MODE)


def _write_file(place: Path, content: Iterator[bytes], mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(place, flags, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        for chunk in content:
            file.write(chunk)
