"""Archives of the fake engine: in its own shorthand, and Docker's as it takes them in."""

import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from typing import Any

import msgspec

from runtime.contract.reports import Layer
from runtime.engine.errors import BadRequest


class Packed(msgspec.Struct, frozen=True):
    """An image in an archive."""

    image_id: str
    size: int
    names: list[str]
    labels: dict[str, str]
    layers: tuple[Layer, ...]


def packed(images: Sequence[Packed]) -> bytes:
    """The archive of these, in the shorthand."""
    return msgspec.json.encode(images)


def unpacked(archive: bytes) -> list[Packed]:
    """The images of an archive. BadRequest."""
    try:
        if archive.startswith(b"["):
            return msgspec.json.decode(archive, type=list[Packed])
        return _of_docker(archive)
    except (msgspec.MsgspecError, tarfile.TarError, KeyError, TypeError, ValueError) as error:
        raise BadRequest("the archive holds no image") from error


def _of_docker(archive: bytes) -> list[Packed]:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as files:
        return [_image(files, told) for told in json.loads(_bytes(files, "manifest.json"))]


def _image(files: tarfile.TarFile, told: dict[str, Any]) -> Packed:
    config = _bytes(files, told["Config"])
    settings = json.loads(config)
    layers = []
    for path, diff_id in zip(told["Layers"], settings["rootfs"].get("diff_ids") or (), strict=True):
        layer = _bytes(files, path)
        if _digest(layer) != diff_id:
            raise ValueError("a layer is another than the configuration says")
        layers.append(Layer(instruction="ADD", size=len(layer), digest=diff_id))
    return Packed(
        image_id=_digest(config),
        size=sum(layer.size for layer in layers),
        names=told["RepoTags"] or [],
        labels=(settings.get("config") or {}).get("Labels") or {},
        layers=tuple(layers),
    )


def _bytes(files: tarfile.TarFile, name: str) -> bytes:
    found = files.extractfile(name)
    if found is None:
        raise ValueError(f"{name} is no file")
    return found.read()


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
