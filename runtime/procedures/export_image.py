"""Sends an image as one archive, piece by piece, and says how many bytes that were and their digest."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from runtime.contract.orders import ExportImage
from runtime.contract.reports import Exported, Problem
from runtime.engine.base import Engine
from runtime.engine.errors import NotFound
from runtime.oci_layout import NoImage, oci_layout
from runtime.procedures.answers import answered
from runtime.procedures.pieces import Send, send_all
from runtime.procedures.ports import ProcedureError, Reporter
from runtime.redaction import Redactor


def export_image(order: ExportImage, *, engine: Engine, reporter: Reporter, workdir: Path, send: Send) -> Exported:
    """Carries out `order`. `send` takes the piece that begins at an offset, and raises when nobody takes it.

    Raises ProcedureError or Cancelled; leaves nothing behind in `workdir`.
    """
    with (
        answered(Redactor([])),
        tempfile.TemporaryDirectory(prefix="export-", dir=workdir) as private,
    ):
        with reporter.step("Send the archive"):
            pieces = _archive(order, engine, reporter, Path(private))
            try:
                sent = send_all(
                    pieces, limit=order.limit, reporter=reporter, send=send, too_large=_too_large(order.limit)
                )
            except NoImage as error:
                raise ProcedureError(_not_saved(str(error))) from error
        with reporter.step("Sum up"):
            reporter.line("s", f"{sent.size} bytes, {sent.digest}")
        return Exported(size=sent.size, digest=sent.digest)


def _archive(order: ExportImage, engine: Engine, reporter: Reporter, private: Path) -> Iterable[bytes]:
    saved = engine.save([_named(order, engine)], cancelled=reporter.cancelled, timeout=order.timeout)
    if order.layout == "docker":
        return saved
    file = private / "saved.tar"
    _keep(saved, file, limit=order.limit)
    return oci_layout(file, image_id=order.image, name=order.name, check_cancelled=reporter.check_cancelled)


def _named(order: ExportImage, engine: Engine) -> str:
    """By its name, so that the archive says it; by its ID where that names something else by now. NotFound."""
    try:
        named = engine.image(order.name).image_id == order.image
    except NotFound:
        named = False
    return order.name if named else engine.image(order.image).image_id


def _keep(saved: Iterable[bytes], file: Path, *, limit: int) -> None:
    """A layout names its parts by digests, so all of it is read once before the first byte is sent."""
    size = 0
    with file.open("wb") as kept:
        for piece in saved:
            size += len(piece)
            if size > limit:
                raise ProcedureError(_too_large(limit))
            kept.write(piece)


def _too_large(limit: int) -> Problem:
    return Problem(
        code="export_too_large",
        whose="user",
        message=f"The archive is larger than the {limit} bytes that an export may have.",
        advice="Push the image to a registry instead.",
    )


def _not_saved(why: str) -> Problem:
    return Problem(
        code="export_not_saved",
        whose="host",
        message=f"What the engine saved is not this one image: {why}.",
        advice="Export it as Docker's own archive, or look at the engine of the host.",
        retry_helps=True,
    )
