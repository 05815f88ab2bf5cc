"""Says what changed in the files of a container since its image; only looks."""

from collections import Counter
from itertools import accumulate
from pathlib import PurePosixPath

from runtime.contract.orders import DiffContainer
from runtime.contract.reports import FileChange, FilesResult
from runtime.engine.base import MAX_CHANGES, Engine
from runtime.engine.errors import EngineError
from runtime.engine.values import Change
from runtime.procedures.answers import answered
from runtime.procedures.found_container import found_container
from runtime.procedures.ports import Reporter
from runtime.redaction import Redactor, visible

MAX_SIZED = 500  # paths whose size is asked for: each is a call to the engine
SIZING_SECONDS = 15.0
MAX_PATH = 1000  # characters told of a path
MAX_TOLD_BYTES = 512 * 1024  # of all paths together


def diff_container(order: DiffContainer, *, engine: Engine, reporter: Reporter, instance: str) -> FilesResult:
    """Carries out `order`. Raises ProcedureError or Cancelled."""
    with answered(Redactor(())):
        with reporter.step("Find the container"):
            found_container(order.container, order.labels, engine=engine, instance=instance)
        with reporter.step("Compare its files with its image"):
            found = engine.diff(order.container)
            changes = _worth_telling(found)
        with reporter.step("Ask for sizes"):
            told = _with_sizes(_first(changes, order.entries), order.container, engine, reporter)
        count = Counter(change.kind for change in changes)
        return FilesResult(
            changes=told,
            added=count["added"],
            changed=count["changed"],
            deleted=count["deleted"],
            counted=len(found) < MAX_CHANGES,
        )


def _worth_telling(found: list[Change]) -> list[Change]:
    """Without the directories that are named only for what lies in them."""
    holding = {str(parent) for change in found for parent in PurePosixPath(change.path).parents}
    return [change for change in found if change.path not in holding]


def _first(changes: list[Change], count: int) -> list[Change]:
    """As many as are wanted, and as fit into a report."""
    room = accumulate(len(_told(change.path).encode()) for change in changes)
    return [change for change, bytes_ in zip(changes[:count], room, strict=False) if bytes_ <= MAX_TOLD_BYTES]


def _with_sizes(changes: list[Change], container: str, engine: Engine, reporter: Reporter) -> list[FileChange]:
    """The first `MAX_SIZED` with their size, as far as the time allows."""
    until, asked = reporter.now() + SIZING_SECONDS, 0
    told = []
    for change in changes:
        reporter.check_cancelled()
        if change.kind == "deleted" or asked == MAX_SIZED or reporter.now() > until:
            told.append(FileChange(kind=change.kind, path=_told(change.path)))
            continue
        asked += 1
        told.append(_sized(change, container, engine))
    return told


def _sized(change: Change, container: str, engine: Engine) -> FileChange:
    """A path that went meanwhile, or that the engine does not show, has no size."""
    try:
        stat = engine.stat(container, change.path)
    except EngineError as error:
        if error.retry_helps:
            raise
        return FileChange(kind=change.kind, path=_told(change.path))
    size = stat.size if stat.kind == "file" else None
    return FileChange(kind=change.kind, path=_told(change.path), size=size, directory=stat.kind == "directory")


def _told(path: str) -> str:
    return visible(path)[:MAX_PATH]
