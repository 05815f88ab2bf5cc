"""Fetches one image from its registry and keeps it as a build: pinned by what the registry calls it now.

Where the build is pushed further, its digest stays the one under which it was found.
"""

from contextlib import suppress

import msgspec

from runtime.contract.orders import PullImage
from runtime.contract.references import BadReference, Reference
from runtime.contract.reports import ImageResult, Problem
from runtime.engine.base import Engine
from runtime.engine.errors import Conflict, WorkCancelled
from runtime.engine.values import Pulled
from runtime.procedures.answers import answered
from runtime.procedures.held import holds
from runtime.procedures.inventory import packed_packages
from runtime.procedures.ports import Cancelled, ProcedureError, Reporter, Secrets
from runtime.procedures.push_built import push_built
from runtime.procedures.push_image import Shipper, login_of
from runtime.procedures.registry_reach import check_reach
from runtime.redaction import Redactor

HELD_ALREADY = ": Already exists"


def pull_image(order: PullImage, *, engine: Engine, reporter: Reporter, secrets: Secrets) -> ImageResult:
    """Carries out `order`. Raises ProcedureError or Cancelled.

    The image keeps the build's own name alone: under the registry's name a host that was let in once would give it to
    whoever names it, unless somebody else had brought it here under that name.
    """
    with answered(Redactor(secrets.values())):
        reporter.phase("building")
        reference = _reference(order.reference)
        check_reach(reference, private=order.private)
        held = holds(engine, _asked(reference))
        pulled, cached = _pull(order, reference, engine, reporter, secrets)
        try:
            _check_digest(reference, pulled.digest)
            engine.tag(pulled.image.image_id, order.tag)
        finally:
            if not held:
                _forget(engine, _asked(reference), f"{reference.name}@{pulled.digest}")
        result = _result(engine, order.tag, digest=pulled.digest, cached=cached, reporter=reporter)
        shipper = Shipper(engine=engine, reporter=reporter, secrets=secrets)
        return msgspec.structs.replace(push_built(order, result, shipper=shipper), digest=pulled.digest)


def _reference(text: str) -> Reference:
    try:
        return Reference.parse(text)
    except BadReference as error:
        raise ProcedureError(Problem(code="bad_reference", whose="user", message=str(error))) from error


def _asked(reference: Reference) -> str:
    """What the engine is asked for: the tag where there is one, for it is what may have moved."""
    return f"{reference.name}:{reference.tag}" if reference.tag else str(reference)


def _pull(
    order: PullImage, reference: Reference, engine: Engine, reporter: Reporter, secrets: Secrets
) -> tuple[Pulled, int]:
    """The image, and how many of its layers were here before."""
    login = login_of(order.login, secrets)
    cached = 0
    with reporter.step(f"Pull {_asked(reference)}"):
        try:
            events = engine.pull(
                _asked(reference), credential=login, cancelled=reporter.cancelled, timeout=float(order.timeout)
            )
            for event in events:
                if isinstance(event, Pulled):
                    reporter.line("s", f"{_asked(reference)} is {event.digest}")
                    return event, cached
                cached += event.text.endswith(HELD_ALREADY)
                reporter.line("o", event.text)
        except WorkCancelled as error:
            raise Cancelled from error
        raise ProcedureError(Problem(code="pull_failed", whose="host", message="The pull ended without an image."))


def _check_digest(reference: Reference, digest: str) -> None:
    if reference.digest in (None, digest):
        return
    raise ProcedureError(
        Problem(
            code="digest_mismatch",
            whose="user",
            message=f"The tag {reference.tag} of {reference.name} names {digest}, not {reference.digest}.",
            advice="The tag was moved, or one of the two is wrong. Name the digest alone to get just that image.",
        )
    )


def _forget(engine: Engine, *names: str) -> None:
    for name in names:
        with suppress(Conflict):  # a container uses it: then it stays
            engine.untag(name)


def _result(engine: Engine, tag: str, *, digest: str, cached: int, reporter: Reporter) -> ImageResult:
    image = engine.image(tag)
    return ImageResult(
        image_id=image.image_id,
        digest=digest,
        size=image.size,
        layers=engine.layers(image.image_id),
        cached_steps=cached,
        packages=packed_packages(engine, image.image_id, reporter),
    )
