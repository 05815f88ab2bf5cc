"""Makes a new volume of an archive. It holds just what was packed, or it is not there."""

import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runtime.contract.archives.rules import ArchiveRefused
from runtime.contract.archives.tar_reading import Unzipped
from runtime.contract.names import LABEL_ENVIRONMENT, LABEL_INSTANCE, LABEL_PROJECT, LABEL_VOLUME, volume_name
from runtime.contract.orders import RestoreVolume
from runtime.contract.reports import Problem, VolumeRestored
from runtime.engine.base import Engine
from runtime.engine.errors import EngineError
from runtime.procedures.answers import answered
from runtime.procedures.ports import ProcedureError, Reporter
from runtime.redaction import Redactor
from runtime.sources.means import Blobs
from runtime.volume_archive import Contents, Pieces, ledger, read_through, refusal, written_anew


def restore_volume(
    order: RestoreVolume, *, engine: Engine, reporter: Reporter, instance: str, workdir: Path, blobs: Blobs
) -> VolumeRestored:
    """Carries out `order`. Raises ProcedureError or Cancelled, and leaves no volume then."""
    name = volume_name(name=order.name, volume=order.volume)
    with answered(Redactor(())), tempfile.TemporaryDirectory(prefix="restore-", dir=workdir) as private:
        file = Path(private) / "archive.tar.gz"
        with reporter.step("Fetch the archive"):
            blobs.fetch(order.digest, size=order.size, into=file, meanwhile=reporter.check_cancelled)
            reporter.line("s", f"{order.size} bytes, {order.digest}")
        with _gone_on_failure(engine, name, instance):
            with reporter.step("Make the volume"):
                _make(order, engine, name, instance)
            with reporter.step("Lay the data into it"):
                _check(order, _write(order, file, engine, reporter, name))
            with reporter.step("Read it back"):
                return _read_back(order, engine, reporter, name)


@contextmanager
def _gone_on_failure(engine: Engine, name: str, instance: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(EngineError):
            engine.remove_volume(name, instance=instance)
        raise


def _make(order: RestoreVolume, engine: Engine, name: str, instance: str) -> None:
    """Afresh: an attempt that died may have left half of it."""
    engine.remove_volume(name, instance=instance)
    labels = {
        LABEL_INSTANCE: instance,
        LABEL_PROJECT: order.project,
        LABEL_ENVIRONMENT: order.environment,
        LABEL_VOLUME: order.volume,
    }
    engine.ensure_volume(name, labels=labels)


def _write(order: RestoreVolume, file: Path, engine: Engine, reporter: Reporter, name: str) -> Contents:
    contents = Contents()
    rules = ledger(entries=order.entries, unpacked=order.unpacked, tick=reporter.check_cancelled)
    with file.open("rb") as archive:
        try:
            checked = written_anew(Unzipped(archive), rules, contents)
            engine.write_volume(name, checked, cancelled=reporter.cancelled, timeout=order.timeout)
        except (ArchiveRefused, zlib.error) as error:
            raise ProcedureError(_refused(refusal(error))) from error
    return contents


def _read_back(order: RestoreVolume, engine: Engine, reporter: Reporter, name: str) -> VolumeRestored:
    rules = ledger(entries=order.entries, unpacked=order.unpacked, tick=reporter.check_cancelled)
    read = Pieces(engine.read_volume(name, cancelled=reporter.cancelled, timeout=order.timeout))
    try:
        contents = read_through(read, rules)
    except ArchiveRefused as error:
        raise ProcedureError(_refused(refusal(error))) from error
    _check(order, contents)
    reporter.line("s", f"{contents.entries} entries, {contents.unpacked} bytes, {contents.tree}")
    return VolumeRestored(entries=contents.entries, unpacked=contents.unpacked, tree=contents.tree)


def _check(order: RestoreVolume, contents: Contents) -> None:
    if (contents.entries, contents.unpacked, contents.tree) != (order.entries, order.unpacked, order.tree):
        raise ProcedureError(_refused("What is in it is not what was packed."))


def _refused(why: str) -> Problem:
    return Problem(
        code="volume_not_restored",
        whose="host",
        message=f"The archive was not restored: {why}",
        advice="Restore another backup; look at the hosts that packed and unpacked this one.",
    )
