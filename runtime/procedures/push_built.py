"""What comes after a build: the image goes where its definition says, under the names that its origin gives it."""

from functools import partial

import msgspec

from runtime.contract.names import LABEL_REF, OCI_REVISION
from runtime.contract.orders import BuildImage, ImageOrder
from runtime.contract.reports import ImageResult, Pushed
from runtime.procedures.push_image import Shipper, filler, push_all


def push_built(order: ImageOrder, result: ImageResult, *, shipper: Shipper) -> ImageResult:
    """The result with what was pushed; its digest is that of the push that counts, or else of the first mirror.

    Of an image that was not built here nothing is believed that it says of its origin. ProcedureError, Cancelled.
    """
    if not order.push:
        return result
    shipper.reporter.phase("pushing")
    labels = shipper.engine.image(result.image_id).labels if isinstance(order, BuildImage) else {}
    fill = filler(order, commit=labels.get(OCI_REVISION, ""), ref=labels.get(LABEL_REF, ""))
    told = partial(_told, order, result)
    return told(push_all(result.image_id, order.push, fill=fill, shipper=shipper, told=told))


def origin_labels(ref: str | None) -> dict[str, str]:
    """What the image remembers of its source beside the commit, for an attempt that finds it finished, or a push."""
    return {LABEL_REF: ref} if ref else {}


def _told(order: ImageOrder, result: ImageResult, pushed: tuple[Pushed, ...]) -> ImageResult:
    counts = {push.push for push in order.push if push.primary}
    there = [(one.push in counts, one.digest) for one in pushed if one.digest]
    main = next((digest for primary, digest in there if primary), None)
    digest = main or result.digest or next((digest for _, digest in there), None)
    return msgspec.structs.replace(result, digest=digest, pushed=pushed)
