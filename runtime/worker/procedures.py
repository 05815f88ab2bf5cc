"""Which procedure carries out which order, and what two of them must not work on at once."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from runtime.contract.orders import (
    BackupVolume,
    BuildImage,
    CommitContainer,
    ConvergeService,
    DiffContainer,
    ExportImage,
    ForgetImages,
    LoadImage,
    Order,
    PullImage,
    PushImage,
    RemoveVolume,
    RestoreVolume,
)
from runtime.contract.reports import Result
from runtime.procedures.backup_volume import backup_volume
from runtime.procedures.build_image import build_image
from runtime.procedures.commit_container import commit_container
from runtime.procedures.converge_service import converge_service
from runtime.procedures.diff_container import diff_container
from runtime.procedures.export_image import export_image
from runtime.procedures.forget_images import forget_images
from runtime.procedures.load_image import load_image
from runtime.procedures.pull_image import pull_image
from runtime.procedures.push_image import push_image
from runtime.procedures.remove_volume import remove_volume
from runtime.procedures.restore_volume import restore_volume
from runtime.worker.attempt import Attempt, Hands
from runtime.worker.blobs import JobBlobs
from runtime.worker.sending import send_piece

FORGETTING = "images to be forgotten"  # one order of this kind at a time


class _Procedure(NamedTuple):
    """`subject` names what an order is about: of those with the same, one at a time is carried out."""

    subject: Callable[[Any], str]
    run: Callable[[Any, Attempt, Hands], Result]


def subject(order: Order) -> str:
    """What the order is about."""
    return ORDERS[type(order)].subject(order)


def run(attempt: Attempt, hands: Hands) -> Result:
    """Carries out the attempt's order. ProcedureError, Cancelled."""
    order = attempt.claim.order
    return ORDERS[type(order)].run(order, attempt, hands)


def _build(order: BuildImage, attempt: Attempt, hands: Hands) -> Result:
    return build_image(
        order,
        engine=hands.engine,
        reporter=attempt.reporter,
        secrets=attempt.secrets,
        workdir=attempt.folder,
        git=hands.git,
        blobs=JobBlobs(attempt.held),
        instance=attempt.claim.instance,
    )


def _pull(order: PullImage, attempt: Attempt, hands: Hands) -> Result:
    return pull_image(order, engine=hands.engine, reporter=attempt.reporter, secrets=attempt.secrets)


def _load(order: LoadImage, attempt: Attempt, hands: Hands) -> Result:
    return load_image(
        order,
        engine=hands.engine,
        reporter=attempt.reporter,
        secrets=attempt.secrets,
        workdir=attempt.folder,
        blobs=JobBlobs(attempt.held),
    )


def _commit(order: CommitContainer, attempt: Attempt, hands: Hands) -> Result:
    return commit_container(
        order,
        engine=hands.engine,
        reporter=attempt.reporter,
        secrets=attempt.secrets,
        instance=attempt.claim.instance,
    )


def _diff(order: DiffContainer, attempt: Attempt, hands: Hands) -> Result:
    return diff_container(order, engine=hands.engine, reporter=attempt.reporter, instance=attempt.claim.instance)


def _push(order: PushImage, attempt: Attempt, hands: Hands) -> Result:
    return push_image(order, engine=hands.engine, reporter=attempt.reporter, secrets=attempt.secrets)


def _export(order: ExportImage, attempt: Attempt, hands: Hands) -> Result:
    return export_image(
        order,
        engine=hands.engine,
        reporter=attempt.reporter,
        workdir=attempt.folder,
        send=partial(send_piece, attempt),
    )


def _converge(order: ConvergeService, attempt: Attempt, hands: Hands) -> Result:
    """The agent learns what to mask before a container can say it; no container is given a registry's password."""
    names = (*order.spec.secrets.values(), *order.spec.secret_files.values())
    given = [attempt.secrets[name] for name in names if name in attempt.secrets]
    hands.masks.keep(service=order.service, environment=order.environment, secrets=given)
    result = converge_service(
        order,
        engine=hands.engine,
        reporter=attempt.reporter,
        secrets=attempt.secrets,
        instance=attempt.claim.instance,
        job=attempt.claim.job,
        prober=hands.prober,
        edge=hands.edge,
        files=hands.secret_files,
    )
    if not order.replicas:
        hands.masks.forget(service=order.service, environment=order.environment)
    return result


def _forget(order: ForgetImages, attempt: Attempt, hands: Hands) -> Result:
    """Each image goes in a moment in which this host builds, pulls and converges nothing."""
    return forget_images(
        order,
        engine=hands.engine,
        reporter=attempt.reporter,
        quiet=lambda meanwhile: hands.turns.quiet(FORGETTING, meanwhile=meanwhile),
    )


def _back_up(order: BackupVolume, attempt: Attempt, hands: Hands) -> Result:
    return backup_volume(
        order,
        engine=hands.engine,
        reporter=attempt.reporter,
        instance=attempt.claim.instance,
        send=partial(send_piece, attempt),
    )


def _restore(order: RestoreVolume, attempt: Attempt, hands: Hands) -> Result:
    return restore_volume(
        order,
        engine=hands.engine,
        reporter=attempt.reporter,
        instance=attempt.claim.instance,
        workdir=attempt.folder,
        blobs=JobBlobs(attempt.held),
    )


def _remove(order: RemoveVolume, attempt: Attempt, hands: Hands) -> Result:
    return remove_volume(order, engine=hands.engine, reporter=attempt.reporter, instance=attempt.claim.instance)


def _backed_up(order: BackupVolume) -> str:
    """A service whose containers stand still for it is not converged meanwhile."""
    return f"volume {order.volume}" if order.quiesce == "none" else f"service {order.service} {order.environment}"


ORDERS: dict[type[Order], _Procedure] = {
    BuildImage: _Procedure(lambda order: f"build {order.build}", _build),
    PullImage: _Procedure(lambda order: f"pull {order.reference}", _pull),
    LoadImage: _Procedure(lambda order: f"build {order.build}", _load),
    PushImage: _Procedure(lambda order: f"push of {order.image}", _push),
    ExportImage: _Procedure(lambda order: f"export of {order.image}", _export),
    ForgetImages: _Procedure(lambda order: FORGETTING, _forget),
    CommitContainer: _Procedure(lambda order: f"build {order.build}", _commit),
    DiffContainer: _Procedure(lambda order: f"files of {order.container}", _diff),
    BackupVolume: _Procedure(_backed_up, _back_up),
    RestoreVolume: _Procedure(lambda order: f"volume {order.volume}", _restore),
    RemoveVolume: _Procedure(lambda order: f"volume {order.volume}", _remove),
    ConvergeService: _Procedure(lambda order: f"service {order.service} {order.environment}", _converge),
}
