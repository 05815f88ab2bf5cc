"""Keeps the files of a running container as an image, and makes sure that nothing it was given is in there."""

from runtime.contract.names import LABEL_BUILD, LABEL_INSTANCE
from runtime.contract.orders import CommitContainer
from runtime.contract.reports import ImageResult, Problem
from runtime.engine.base import Engine
from runtime.engine.errors import WorkCancelled
from runtime.engine.values import Container
from runtime.procedures.answers import answered
from runtime.procedures.found_container import found_container
from runtime.procedures.inventory import packed_packages
from runtime.procedures.ports import Cancelled, ProcedureError, Reporter, Secrets
from runtime.procedures.push_built import push_built
from runtime.procedures.push_image import Shipper
from runtime.redaction import Redactor


def commit_container(
    order: CommitContainer, *, engine: Engine, reporter: Reporter, secrets: Secrets, instance: str
) -> ImageResult:
    """Carries out `order`. Raises ProcedureError or Cancelled. Done again it makes the image anew."""
    with answered(Redactor(secrets.values())):
        reporter.phase("building")
        with reporter.step("Find the container"):
            container = found_container(order.container, order.expected, engine=engine, instance=instance)
        with reporter.step("Keep its files as an image"):
            image_id = _commit(order, engine, reporter, instance)
        with reporter.step("Check that none of its variables came along"):
            _check(order, image_id, container, engine)
        image = engine.image(image_id)
        result = ImageResult(
            image_id=image_id,
            digest=None,
            size=image.size,
            layers=engine.layers(image_id),
            packages=packed_packages(engine, image_id, reporter),
        )
        return push_built(order, result, shipper=Shipper(engine=engine, reporter=reporter, secrets=secrets))


def _commit(order: CommitContainer, engine: Engine, reporter: Reporter, instance: str) -> str:
    reporter.line("s", f"Container {order.container[:12]} stands still while its files are read.")
    try:
        return engine.commit(
            order.container,
            tag=order.tag,
            author=order.author,
            message=order.message,
            labels=order.labels | {LABEL_BUILD: order.build, LABEL_INSTANCE: instance},
            cancelled=reporter.cancelled,
            timeout=float(order.timeout),
        )
    except WorkCancelled as error:
        raise Cancelled from error


def _check(order: CommitContainer, image_id: str, container: Container, engine: Engine) -> None:
    """The image has its base's variables, and no other; one that has does not stay."""
    if dict(engine.image(image_id).variables) == dict(engine.image(container.image_id).variables):
        return
    engine.untag(order.tag)
    raise ProcedureError(
        Problem(
            code="commit_leaks",
            whose="us",
            message="The engine wrote variables of the container into the image; the image was removed.",
            advice="Report this with the engine's name and version. Build the image from a Dockerfile meanwhile.",
        )
    )
