"""Names of images as they reach an engine: one exact name, never what could be read as an ID."""

from runtime.contract.names import DIGEST
from runtime.contract.references import BadReference, Reference
from runtime.engine.errors import BadRequest


def whole_id(image_id: str) -> str:
    """An image's whole ID. BadRequest, for a beginning of one too."""
    if not DIGEST.fullmatch(image_id):
        raise BadRequest(f"{image_id} is not the whole ID of an image.")
    return image_id


def parsed(reference: str) -> Reference:
    """The name. BadRequest."""
    try:
        return Reference.parse(reference)
    except BadReference as error:
        raise BadRequest(str(error)) from error


def tagged(reference: str) -> Reference:
    """A name with a tag and no digest. BadRequest."""
    name = exact(reference)
    if name.digest is not None:
        raise BadRequest(f"{reference} names an image by its digest, which cannot be moved.")
    return name


def exact(reference: str) -> Reference:
    """A name that says its tag or its digest, one of them. BadRequest, for an ID too."""
    name = parsed(reference)
    said = name.digest is not None or reference.endswith(f":{name.tag}")
    if not said or reference.startswith("sha256:") or (name.tag is not None and name.digest is not None):
        raise BadRequest(f"{reference} is not one exact name of an image, with its tag or its digest.")
    return name
