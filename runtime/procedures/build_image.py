"""Produces one image from its source, telling of every step and line as it happens."""

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from runtime.contract.names import BASE_IMAGE, LABEL_BUILD, LABEL_INSTANCE
from runtime.contract.orders import BuildImage
from runtime.contract.reports import ImageResult, Problem
from runtime.dockerfile import base_images, check_build_args
from runtime.engine.base import Engine
from runtime.engine.errors import BuildFailed, NotFound
from runtime.engine.values import BuildEvent, BuildLine, BuildRequest, Built, StepStarted
from runtime.procedures.answers import answered
from runtime.procedures.base_image import ensure_base_image
from runtime.procedures.base_logins import base_logins
from runtime.procedures.build_labels import labels_of
from runtime.procedures.build_secrets import mounted, tell_mismatch
from runtime.procedures.inventory import packed_packages
from runtime.procedures.ports import ProcedureError, Reporter, Secrets, StepEnd
from runtime.procedures.push_built import origin_labels, push_built
from runtime.procedures.push_image import Shipper
from runtime.redaction import Redactor
from runtime.sources import fetch
from runtime.sources.context import Context
from runtime.sources.means import NO_BLOBS, Blobs, GitLimits, Means


def build_image(
    order: BuildImage,
    *,
    engine: Engine,
    reporter: Reporter,
    secrets: Secrets,
    workdir: Path,
    instance: str,
    git: GitLimits | None = None,
    blobs: Blobs = NO_BLOBS,
) -> ImageResult:
    """Carries out `order`. Raises ProcedureError or Cancelled; leaves nothing behind in `workdir`."""
    redactor = Redactor(secrets.values())
    with answered(redactor):
        reporter.phase("building")
        builder = engine.facts().builder
        reporter.fact("builder", builder)
        image_id = _finished_before(order, engine)
        shipper = Shipper(engine=engine, reporter=reporter, secrets=secrets)
        if image_id is not None:
            reporter.line("s", "An earlier attempt finished this image; it is taken as it is.")
            return push_built(order, _result(engine, image_id, builder=builder), shipper=shipper)
        with tempfile.TemporaryDirectory(prefix="build-", dir=workdir) as private:
            with reporter.step("Get the source"):
                context = _context(order, reporter, secrets, Path(private), git or GitLimits(), blobs)
            if BASE_IMAGE in base_images(context.dockerfile_text):
                ensure_base_image(engine=engine, reporter=reporter, workdir=Path(private))
            tell_mismatch(order, context.dockerfile_text, reporter)
            logins = base_logins(order, context.dockerfile_text, secrets=secrets, reporter=reporter)
            folder = Path(private) / "secrets"
            with mounted(order, secrets=secrets, folder=folder, builder=builder) as files:
                request = _request(order, context, instance=instance, private=Path(private))
                request = replace(request, secrets=files, logins=logins)
                image_id, cached = _build(request, engine, reporter)
        result = _result(engine, image_id, builder=builder)
        # A Dockerfile may spell out a value that is also kept as a secret: nobody reads it in the list of layers.
        layers = [msgspec.structs.replace(one, instruction=redactor.mask(one.instruction)) for one in result.layers]
        result = msgspec.structs.replace(result, commit=context.commit, cached_steps=cached, layers=layers)
        result = msgspec.structs.replace(result, packages=packed_packages(engine, image_id, reporter))
        return push_built(order, result, shipper=shipper)


def _finished_before(order: BuildImage, engine: Engine) -> str | None:
    """The image of this very build, if an attempt that was not heard of again finished it.

    The label alone would not do: a Dockerfile can write labels, but it cannot name its image.
    """
    try:
        image = engine.image(order.tag)
    except NotFound:
        return None
    return image.image_id if image.labels.get(LABEL_BUILD) == order.build else None


def _context(
    order: BuildImage, reporter: Reporter, secrets: Secrets, private: Path, git: GitLimits, blobs: Blobs
) -> Context:
    check_build_args(order.args)
    directory = private / "source"
    directory.mkdir(mode=0o700)
    means = Means(
        secrets=secrets,
        say=lambda text: reporter.line("s", text),
        fact=reporter.fact,
        check_cancelled=reporter.check_cancelled,
        git=git,
        blobs=blobs,
    )
    return fetch(order.source, directory=directory, means=means)


def _request(order: BuildImage, context: Context, *, instance: str, private: Path) -> BuildRequest:
    return BuildRequest(
        context=context.directory,
        dockerfile=context.dockerfile,
        tag=order.tag,
        labels=_labels(order, context) | {LABEL_BUILD: order.build, LABEL_INSTANCE: instance},
        args=order.args,
        private=private,
        target=order.target,
        no_cache=order.no_cache,
        timeout=order.timeout,
    )


def _build(request: BuildRequest, engine: Engine, reporter: Reporter) -> tuple[str, int]:
    """The image's ID and how many steps were taken from the cache."""
    teller = _Teller(reporter)
    try:
        for event in engine.build(request, cancelled=reporter.cancelled):
            if isinstance(event, Built):
                return event.image_id, teller.cached
            teller.tell(event)
    except BuildFailed as error:
        problem = msgspec.structs.replace(error.problem(), step=teller.failed)
        raise ProcedureError(problem) from error
    finally:
        teller.close()
    raise ProcedureError(Problem(code="build_failed", whose="host", message="The builder ended without an image."))


def _labels(order: BuildImage, context: Context) -> dict[str, str]:
    return origin_labels(context.ref) | labels_of(
        order.labels,
        dockerfile=context.dockerfile_text,
        target=order.target,
        commit=context.commit,
        now=datetime.now(UTC),
    )


class _Teller:
    """Turns the builder's events into the reporter's steps, whose numbers are the job's own."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._open: dict[str, int] = {}
        self.cached = 0
        self.failed: int | None = None

    def tell(self, event: BuildEvent) -> None:
        if isinstance(event, StepStarted):
            self._open[event.key] = self._reporter.begin(event.name)
        elif isinstance(event, BuildLine):
            step = self._open.get(event.key) if event.key else None
            self._reporter.line(event.stream, event.text, step=step)
        elif not isinstance(event, Built) and event.key in self._open:
            number = self._open.pop(event.key)
            self.cached += event.cached
            if event.error and self.failed is None:
                self.failed = number
            state: StepEnd = "failed" if event.error else "succeeded"
            self._reporter.end(number, state=state, cached=event.cached, detail=event.error)

    def close(self) -> None:
        """Steps that never ended were cut off by whatever ended the build."""
        for number in self._open.values():
            self._reporter.end(number, state="cancelled")
        self._open.clear()


def _result(engine: Engine, image_id: str, *, builder: str) -> ImageResult:
    image = engine.image(image_id)
    return ImageResult(
        image_id=image.image_id,
        digest=None,
        size=image.size,
        layers=engine.layers(image.image_id),
        builder=builder,
    )
