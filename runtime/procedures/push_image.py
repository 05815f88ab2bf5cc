"""Pushes an image that is here to the registries that the order names, each under its tags.

A push that counts (`primary`) ends the work when it fails; of any other it is told, and the rest goes on. What was
pushed so far is told in every case.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from runtime.contract.names import GIT_COMMIT, LABEL_REF, OCI_REVISION
from runtime.contract.orders import ImageOrder, Login, Push, PushImage
from runtime.contract.reports import Problem, Pushed, PushResult, Result
from runtime.contract.tagging import Tags, tags_for
from runtime.engine.base import Engine
from runtime.engine.errors import EngineError, NotFound, WorkCancelled
from runtime.engine.values import Pushed as Sent
from runtime.engine.values import RegistryLogin
from runtime.procedures.answers import answered
from runtime.procedures.ports import Cancelled, ProcedureError, Reporter, Secrets
from runtime.procedures.problems import masked
from runtime.redaction import Redactor

PUSH_SECONDS = 3600.0  # one tag of one image

BRANCH, TAG = "refs/heads/", "refs/tags/"

Fill = Callable[[Sequence[str]], Tags]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipper:
    """What pushing needs of its surroundings."""

    engine: Engine
    reporter: Reporter
    secrets: Secrets


def push_image(order: PushImage, *, engine: Engine, reporter: Reporter, secrets: Secrets) -> PushResult:
    """Carries out `order`. Raises ProcedureError or Cancelled, with what was pushed."""
    with answered(Redactor(secrets.values())):
        reporter.phase("pushing")
        labels = _labels(engine, order.image)
        fill = filler(order, commit=labels.get(OCI_REVISION) or order.commit, ref=labels.get(LABEL_REF, ""))
        shipper = Shipper(engine=engine, reporter=reporter, secrets=secrets)
        pushed = push_all(order.image, order.push, fill=fill, shipper=shipper, told=_told)
        return PushResult(pushed=pushed)


def push_all(
    image: str, pushes: Sequence[Push], *, fill: Fill, shipper: Shipper, told: Callable[[tuple[Pushed, ...]], Result]
) -> tuple[Pushed, ...]:
    """Every push in turn. ProcedureError when one that counts fails, Cancelled; `told` makes the result of either."""
    done: list[Pushed] = []
    for push in pushes:
        try:
            shipper.reporter.check_cancelled()
            pushed = _push(image, push, fill(push.tags), shipper)
        except Cancelled as stopped:
            raise Cancelled(result=told(tuple(done))) from stopped
        done.append(pushed)
        if pushed.problem is not None and push.primary:
            raise ProcedureError(pushed.problem, result=told(tuple(done)))
    return tuple(done)


def filler(order: ImageOrder | PushImage, *, commit: str, ref: str) -> Fill:
    """Makes tags of templates. What the order does not say of the origin, `ref` does: refs/heads/… or refs/tags/…"""
    return partial(
        tags_for,
        number=order.number,
        now=datetime.fromtimestamp(order.asked_at, UTC),
        commit=commit if GIT_COMMIT.fullmatch(commit) else "",
        branch=order.branch or (ref.removeprefix(BRANCH) if ref.startswith(BRANCH) else ""),
        git_tag=order.git_tag or (ref.removeprefix(TAG) if ref.startswith(TAG) else ""),
    )


def login_of(login: Login | None, secrets: Secrets) -> RegistryLogin | None:
    """Who we are there; nobody in particular without one. ProcedureError when the claim lacks the password."""
    if login is None:
        return None
    if login.secret not in secrets:
        raise ProcedureError(
            Problem(
                code="registry_login_missing",
                whose="user",
                message=f"Slipway has no password for {login.registry} (any more).",
                advice="Somebody removed the registry, or no key opens its password: set it again, then try again.",
            )
        )
    return RegistryLogin(username=login.username, password=secrets[login.secret])


def _push(image: str, push: Push, tags: Tags, shipper: Shipper) -> Pushed:
    """What became of it, whatever that is; Cancelled alone is raised."""
    for template, reason in tags.left_out.items():
        shipper.reporter.line("s", f"{push.repository}: the tag {template} is left out. {reason}")
    there: list[str] = []
    digest, problem = None, None
    try:
        login = login_of(push.login, shipper.secrets)
        for tag in tags.tags:
            digest = _push_tag(image, f"{push.repository}:{tag}", login, shipper)
            there.append(tag)
    except ProcedureError as error:
        problem = error.problem
    except EngineError as error:
        problem = error.problem()
    if problem is not None:
        problem = masked(problem, Redactor(shipper.secrets.values()))
        shipper.reporter.line("s", f"{push.repository} did not get it: {problem.message}")
    left_out = dict(tags.left_out)
    return Pushed(push=push.push, tags=tuple(there), left_out=left_out, digest=digest, problem=problem)


def _push_tag(image: str, name: str, login: RegistryLogin | None, shipper: Shipper) -> str | None:
    """The manifest's digest there. The name is for the way only: an image keeps those that Slipway gives it."""
    engine, reporter = shipper.engine, shipper.reporter
    with reporter.step(f"Push to {name}"):
        engine.tag(image, name)
        try:
            for event in engine.push(name, credential=login, cancelled=reporter.cancelled, timeout=PUSH_SECONDS):
                if isinstance(event, Sent):
                    reporter.line("s", f"{name} is {event.digest}")
                    return event.digest
                reporter.line("o", event.text)
        except WorkCancelled as stopped:
            raise Cancelled from stopped
        finally:
            with suppress(EngineError):
                engine.untag(name)
    return None


def _labels(engine: Engine, image: str) -> Mapping[str, str]:
    try:
        return engine.image(image).labels
    except NotFound as error:
        problem = Problem(
            code="image_missing",
            whose="host",
            message=f"This host does not hold the image {image} any more.",
            advice="Build it again: a build pushes what it makes.",
        )
        raise ProcedureError(problem) from error


def _told(pushed: tuple[Pushed, ...]) -> Result:
    return PushResult(pushed=pushed)
