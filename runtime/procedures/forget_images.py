"""Lets go of images that nothing needs, one by one, by their exact IDs: never by force, never by a prune.

An image goes only when no name but Slipway's own was on it and no container uses it, running or not: the engine itself
refuses the rest, so what was begun meanwhile keeps what it needs.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

from runtime.contract.names import LOCAL_NAMES
from runtime.contract.orders import ForgetImages, ForgottenImage
from runtime.contract.reports import Forgotten, Skipped
from runtime.engine.base import Engine
from runtime.engine.errors import Conflict, EngineError, NotFound
from runtime.procedures.answers import answered
from runtime.procedures.ports import Reporter
from runtime.redaction import Redactor

BUSY_SECONDS = 300.0  # so long, in all, a moment is waited for in which the host does nothing else
COUNT_TRIES = 5  # the engine counts its disk once at a time
COUNT_PAUSE_SECONDS = 2.0

Quiet = Callable[[Callable[[], None]], AbstractContextManager[None]]


class _Busy(Exception):
    """The host never had a moment."""


def forget_images(order: ForgetImages, *, engine: Engine, reporter: Reporter, quiet: Quiet) -> Forgotten:
    """Carries out `order`; `quiet` gives a moment in which nobody else touches images. Done twice it is done once."""
    with answered(Redactor([])):
        before = _disk(engine, reporter)
        removed, skipped = [], []
        with reporter.step("Remove images"):
            patience = _patience(reporter)
            for image in order.images:
                reporter.check_cancelled()
                reason = _forget(image, engine, quiet, patience)
                _tell(image, reason, reporter)
                if reason is None:
                    removed.append(image.image_id)
                else:
                    skipped.append(Skipped(image_id=image.image_id, reason=reason))
        return Forgotten(removed=removed, skipped=skipped, freed=_freed(before, engine, reporter))


def _forget(image: ForgottenImage, engine: Engine, quiet: Quiet, patience: Callable[[], None]) -> str | None:
    """Why it stays; None when it is gone."""
    try:
        with quiet(patience):
            for tag in image.tags:
                _untag(tag, image.image_id, engine)
            engine.remove_image(image.image_id)
    except Conflict:
        return _why_kept(image.image_id, engine)
    except _Busy:
        return "the host was busy all the time"
    return None


def _untag(tag: str, image_id: str, engine: Engine) -> None:
    """Takes a name of ours off this image, and off no other."""
    if not tag.startswith(LOCAL_NAMES):
        return
    try:
        named = engine.image(tag).image_id
    except NotFound:
        return
    if named == image_id:
        engine.untag(tag)


def _why_kept(image_id: str, engine: Engine) -> str:
    try:
        tags = engine.image(image_id).tags
    except NotFound:
        return "it was being removed by somebody else"
    ours = [tag for tag in tags if tag.startswith(LOCAL_NAMES)]
    others = [tag for tag in tags if not tag.startswith(LOCAL_NAMES)]
    if others:
        return f"it also has the name {others[0]}"
    return f"another build has it as {ours[0]}, or a container uses it" if ours else "a container or an image uses it"


def _patience(reporter: Reporter) -> Callable[[], None]:
    """Asked while one waits: raises when the time is over, or when somebody asks to stop."""
    until = reporter.now() + BUSY_SECONDS

    def go_on() -> None:
        reporter.check_cancelled()
        if reporter.now() > until:
            raise _Busy

    return go_on


def _tell(image: ForgottenImage, reason: str | None, reporter: Reporter) -> None:
    short = image.image_id.removeprefix("sha256:")[:12]
    names = f" ({', '.join(image.tags)})" if image.tags else ""
    reporter.line("s", f"{short}{names} {'is removed' if reason is None else f'stays: {reason}'}")


def _freed(before: int | None, engine: Engine, reporter: Reporter) -> int | None:
    after = _disk(engine, reporter)
    if before is None or after is None:
        return None
    freed = max(0, before - after)
    reporter.line("s", f"{freed} bytes are free now that images held before")
    return freed


def _disk(engine: Engine, reporter: Reporter) -> int | None:
    """Bytes of all images; None when the engine cannot say now, for which nothing else waits."""
    for _ in range(COUNT_TRIES):
        try:
            return engine.disk_use().images
        except EngineError as error:
            reporter.line("s", f"The engine does not count its disk now: {error.message}")
        reporter.wait(COUNT_PAUSE_SECONDS)
    return None
