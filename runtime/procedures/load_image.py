"""Takes in an image that was saved as an archive: looked at first, and given to the engine as an archive of our making.

So no name, link or extra part of the archive reaches the engine; what it has then is the image that was looked at.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from runtime.contract.archives.rules import ArchiveRefused
from runtime.contract.orders import LoadImage
from runtime.contract.reports import ImageResult, Problem
from runtime.engine.base import Engine
from runtime.engine.errors import EngineError, WorkCancelled, WorkTimeout
from runtime.procedures.answers import answered
from runtime.procedures.held import holds
from runtime.procedures.inventory import packed_packages
from runtime.procedures.ports import Cancelled, ProcedureError, Reporter, Secrets
from runtime.procedures.push_built import push_built
from runtime.procedures.push_image import Shipper
from runtime.redaction import Redactor
from runtime.saved.parts import unpacked
from runtime.saved.reading import SavedImage, saved_image
from runtime.saved.writing import engine_archive, engine_bytes
from runtime.sources.means import Blobs

TELL_EVERY = 64 * 1024 * 1024  # bytes between two words about how far it is
SETTLE_SECONDS = 3.0  # in which an engine ends what nobody waits for any more
LOOK_SECONDS = 0.2


def load_image(
    order: LoadImage, *, engine: Engine, reporter: Reporter, secrets: Secrets, workdir: Path, blobs: Blobs
) -> ImageResult:
    """Carries out `order`. Raises ProcedureError or Cancelled; leaves nothing behind in `workdir`, and in the engine
    nothing of an archive that was not taken. Done again it takes the same image in anew.
    """
    with answered(Redactor(secrets.values())):
        reporter.phase("building")
        clock = _Clock(reporter, seconds=order.timeout)
        with tempfile.TemporaryDirectory(prefix="load-", dir=workdir) as private:
            with reporter.step("Get the archive"):
                archive = _fetched(order, Path(private), reporter, blobs, clock.tick)
            with reporter.step("Check the archive"):
                image = _checked(order, archive, Path(private), reporter, clock.tick)
            with reporter.step("Load the image"):
                _load(order, image, engine, reporter, clock)
        found = engine.image(image.image_id)
        result = ImageResult(
            image_id=found.image_id,
            digest=None,
            size=found.size,
            layers=engine.layers(found.image_id),
            packages=packed_packages(engine, found.image_id, reporter),
        )
        return push_built(order, result, shipper=Shipper(engine=engine, reporter=reporter, secrets=secrets))


class _Clock:
    """What is left of the time that all parts have together."""

    def __init__(self, reporter: Reporter, *, seconds: float) -> None:
        self._reporter = reporter
        self._until = reporter.now() + seconds

    @property
    def left(self) -> float:
        return max(self._until - self._reporter.now(), 0.0)

    def tick(self) -> None:
        """Raises Cancelled, and WorkTimeout when the time is over."""
        self._reporter.check_cancelled()
        if not self.left:
            raise WorkTimeout("it took longer than it may")


def _fetched(order: LoadImage, private: Path, reporter: Reporter, blobs: Blobs, tick: Callable[[], None]) -> Path:
    archive, source = private / "archive", order.source
    reporter.line("s", f"Fetching the archive {source.digest}, {source.size} bytes")
    blobs.fetch(source.digest, size=source.size, into=archive, meanwhile=tick)
    return archive


def _checked(
    order: LoadImage, archive: Path, private: Path, reporter: Reporter, tick: Callable[[], None]
) -> SavedImage:
    """The image, every digest of it seen; its parts lie in `private`, and the archive is gone."""
    folder = private / "parts"
    folder.mkdir(mode=0o700)
    try:
        parts = unpacked(archive, form=order.source.format, folder=folder, tick=tick)
        archive.unlink()
        image = saved_image(parts)
    except ArchiveRefused as error:
        raise ProcedureError(_refused(error)) from error
    reporter.line("s", f"It holds the image {image.image_id} with {len(image.layers)} layers")
    for name in image.names:
        reporter.line("s", f"It was saved as {name}; that name is not taken over")
    return image


def _load(order: LoadImage, image: SavedImage, engine: Engine, reporter: Reporter, clock: _Clock) -> None:
    """The engine has the image under the build's name, or nothing by that name."""
    given = _Given(engine_archive(image, name=order.tag), engine_bytes(image), reporter)
    try:
        found = engine.load(given, cancelled=reporter.cancelled, timeout=clock.left)
        if found != [image.image_id]:
            raise ProcedureError(_differs(image.image_id, found))
    except (EngineError, ProcedureError) as error:
        with suppress(Cancelled):
            reporter.check_cancelled()  # raises when the job is another's by now: then nothing is undone
        _let_go(order.tag, engine, may_come=given.wholly)
        if isinstance(error, WorkCancelled):
            raise Cancelled from error
        raise


class _Given:
    """The archive as it goes to the engine; now and then it is said how far it is."""

    def __init__(self, pieces: Iterator[bytes], whole: int, reporter: Reporter) -> None:
        self._pieces, self._whole, self._reporter = pieces, whole, reporter
        self.wholly = False

    def __iter__(self) -> Iterator[bytes]:
        given, told = 0, 0
        for piece in self._pieces:
            yield piece
            given += len(piece)
            if given - told >= TELL_EVERY:
                told = given
                self._reporter.line("s", f"{min(given, self._whole)} of {self._whole} bytes given to the engine")
        self.wholly = True


def _let_go(tag: str, engine: Engine, *, may_come: bool) -> None:
    """Nothing stays under this name; an engine that got all of an archive may finish though nobody waits for it."""
    until = time.monotonic() + (SETTLE_SECONDS if may_come else 0.0)
    with suppress(EngineError):  # it is away: then it says so itself
        while not holds(engine, tag) and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
        engine.untag(tag)


def _refused(error: ArchiveRefused) -> Problem:
    return Problem(
        code="image_refused",
        whose="user",
        message=f"The archive is refused. {error}",
        advice="Save one image again, with docker save or as an OCI image layout, and upload that.",
    )


def _differs(image_id: str, found: list[str]) -> Problem:
    return Problem(
        code="image_differs",
        whose="host",
        message=f"The archive holds the image {image_id}, and the engine made {', '.join(found)} of it.",
        advice="This host's engine names images in another way: import it on a host with Docker's classic image store.",
    )
