"""Fetches an image that this host shall run and does not hold, by digest, from a registry that it was pushed to.

What comes must be the image that was asked for: its ID is compared, whatever the registry says. It keeps the name that
Slipway gives it on every host, and none of the registry's.
"""

from collections.abc import Sequence
from contextlib import suppress

from runtime.contract.orders import PullFrom
from runtime.contract.references import Reference
from runtime.contract.reports import Problem
from runtime.engine.base import Engine
from runtime.engine.errors import Conflict, EngineError, EngineUnavailable, NotFound, WorkCancelled
from runtime.engine.values import Pulled
from runtime.procedures.ports import Cancelled, ProcedureError, Reporter, Secrets
from runtime.procedures.push_image import login_of

PULL_SECONDS = 3600.0


def ensure_image(
    image: str, *, sources: Sequence[PullFrom], name: str, engine: Engine, reporter: Reporter, secrets: Secrets
) -> None:
    """The engine holds `image` (its ID) afterwards. ProcedureError with what the last source said; Cancelled."""
    with suppress(NotFound):
        engine.image(image)
        return
    problem = _missing(image)
    for source in sources:
        try:
            _fetch(image, source, name, engine, reporter, secrets)
            return
        except EngineUnavailable:
            raise
        except EngineError as error:
            problem = error.problem()
        except ProcedureError as error:
            problem = error.problem
        reporter.line("s", f"{source.reference} was not fetched: {problem.message}")
    raise ProcedureError(problem)


def _fetch(image: str, source: PullFrom, name: str, engine: Engine, reporter: Reporter, secrets: Secrets) -> None:
    login = login_of(source.login, secrets)
    registry = Reference.parse(source.reference).registry
    with reporter.step(f"Pull the image from {registry}"):
        reporter.line("s", f"Pulling {source.reference}")
        try:
            events = engine.pull(source.reference, credential=login, cancelled=reporter.cancelled, timeout=PULL_SECONDS)
            for event in events:
                if isinstance(event, Pulled):
                    _take(image, event.image.image_id, source, name, engine)
                else:
                    reporter.line("o", event.text)
        except WorkCancelled as stopped:
            raise Cancelled from stopped


def _take(wanted: str, found: str, source: PullFrom, name: str, engine: Engine) -> None:
    """Keeps it under our name when it is the one. ProcedureError when it is another, of which nothing is kept."""
    if found == wanted:
        engine.tag(wanted, name)
    with suppress(Conflict):  # a container uses what came: then it stays
        engine.untag(source.reference)
    if found == wanted:
        return
    raise ProcedureError(
        Problem(
            code="image_differs",
            whose="host",
            message=f"{source.reference} is the image {found}, and {wanted} was asked for.",
            advice="The engines of the two hosts keep images in different ways, or the registry gives what it was not "
            "given. Build the image on this host.",
        )
    )


def _missing(image: str) -> Problem:
    return Problem(
        code="image_missing",
        whose="host",
        message=f"This host does not hold the image {image}.",
        advice="Build the image on this host again, or push its builds to a registry.",
    )
