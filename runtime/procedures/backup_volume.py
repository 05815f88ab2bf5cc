"""Sends what is in a volume as one archive, while what writes to it stands still, if that is asked for."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from runtime.contract.archives.rules import ArchiveRefused
from runtime.contract.names import LABEL_ENVIRONMENT, LABEL_SERVICE, LABEL_VOLUME, volume_name
from runtime.contract.orders import BackupVolume
from runtime.contract.reports import Problem, VolumeArchived
from runtime.engine.base import Engine
from runtime.engine.errors import NotFound
from runtime.procedures.answers import answered
from runtime.procedures.found_container import found_container
from runtime.procedures.pieces import Send, send_all
from runtime.procedures.ports import ProcedureError, Reporter
from runtime.redaction import Redactor
from runtime.volume_archive import MAX_ENTRIES, Contents, Pieces, ledger, packed, refusal, written_anew


def backup_volume(
    order: BackupVolume, *, engine: Engine, reporter: Reporter, instance: str, send: Send
) -> VolumeArchived:
    """Carries out `order`. `send` takes the piece that begins at an offset, and raises when nobody takes it.

    Raises ProcedureError or Cancelled; the containers run again then too.
    """
    name = volume_name(name=order.name, volume=order.volume)
    with answered(Redactor(())):
        with reporter.step("Find the volume"):
            _require_it(engine, name, order.volume)
        with _standing_still(order, engine, reporter, instance), reporter.step("Send what is in it"):
            return _send(order, name, engine, reporter, send)


def _require_it(engine: Engine, name: str, volume: str) -> None:
    try:
        found = engine.volume(name)
    except NotFound:
        raise _missing(name) from None
    if found.labels.get(LABEL_VOLUME) != volume:
        raise _missing(name)


def _send(order: BackupVolume, name: str, engine: Engine, reporter: Reporter, send: Send) -> VolumeArchived:
    contents = Contents()
    rules = ledger(entries=MAX_ENTRIES, unpacked=order.limit, tick=reporter.check_cancelled)
    read = Pieces(engine.read_volume(name, cancelled=reporter.cancelled, timeout=order.timeout))
    archive = packed(written_anew(read, rules, contents))
    too_large = _refused(f"The archive is larger than the {order.limit} bytes that one may have.")
    try:
        sent = send_all(archive, limit=order.limit, reporter=reporter, send=send, too_large=too_large)
    except (ArchiveRefused, zlib.error) as error:
        raise ProcedureError(_refused(refusal(error))) from error
    reporter.line(
        "s", f"{contents.entries} entries, {contents.unpacked} bytes; {sent.size} bytes packed, {sent.digest}"
    )
    return VolumeArchived(
        size=sent.size, digest=sent.digest, entries=contents.entries, unpacked=contents.unpacked, tree=contents.tree
    )


@contextmanager
def _standing_still(order: BackupVolume, engine: Engine, reporter: Reporter, instance: str) -> Iterator[None]:
    """The containers run afterwards, whatever happens inside short of death; the next attempt starts them then."""
    if order.quiesce == "none":
        yield
        return
    expected = {LABEL_ENVIRONMENT: order.environment} | ({LABEL_SERVICE: order.service} if order.service else {})
    for container in order.containers:
        found_container(container, expected, engine=engine, instance=instance)
    try:
        with reporter.step("Let nobody write"):
            for container in order.containers:
                _hold(order, engine, container)
        yield
    finally:
        with reporter.step("Let it go on"):
            for container in order.containers:
                engine.start(container)


def _hold(order: BackupVolume, engine: Engine, container: str) -> None:
    if order.quiesce == "pause" and engine.container(container).status == "running":
        engine.pause(container)
    elif order.quiesce == "stop":
        engine.stop(container, timeout=order.stop_timeout)


def _missing(name: str) -> ProcedureError:
    return ProcedureError(
        Problem(
            code="volume_missing",
            whose="host",
            message=f"The volume {name} is not on this host any more.",
            advice="Restore an earlier backup of it.",
        )
    )


def _refused(why: str) -> Problem:
    return Problem(
        code="volume_not_archived",
        whose="user",
        message=f"This volume cannot be packed so that it could be restored: {why}",
        advice="Remove what is named from the volume, or keep it elsewhere; then try again.",
    )
