"""An OCI image layout as one archive, made of what an engine saves; nothing is unpacked.

The result also has the manifest that `docker load` reads, pointing at the same blobs, so every engine takes it in.
"""

import hashlib
import json
import posixpath
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from runtime import tar_writing
from runtime.tar_writing import PIECE

MAX_JSON = 8 * 1024 * 1024
MAX_MEMBERS = 5000

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
LAYOUT_VERSION = "1.0.0"


class NoImage(Exception):
    """The archive is not one image as an engine saves it."""


class _Blob(NamedTuple):
    """Bytes under their digest: given, or those of a member of the archive."""

    digest: str
    size: int
    given: bytes | None = None
    member: tarfile.TarInfo | None = None


def oci_layout(saved: Path, *, image_id: str, name: str, check_cancelled: Callable[[], None]) -> Iterator[bytes]:
    """The layout of the one image in `saved`, which must be `image_id`. Raises NoImage."""
    try:
        with tarfile.open(saved, mode="r:") as archive:
            members = _members(archive)
            if "oci-layout" in members and "index.json" in members:
                yield from _as_it_is(saved, check_cancelled)
                return
            blobs = _blobs(archive, members, image_id=image_id, check_cancelled=check_cancelled)
            yield from _written(archive, blobs, name=name, check_cancelled=check_cancelled)
    except (tarfile.TarError, KeyError, IndexError, TypeError, ValueError) as error:
        raise NoImage(f"{type(error).__name__}: {error}") from error


def _members(archive: tarfile.TarFile) -> Mapping[str, tarfile.TarInfo]:
    found: dict[str, tarfile.TarInfo] = {}
    for member in archive:
        found[posixpath.normpath(member.name)] = member
        if len(found) > MAX_MEMBERS:
            raise NoImage(f"it has more than {MAX_MEMBERS} members")
    return found


def _as_it_is(saved: Path, check_cancelled: Callable[[], None]) -> Iterator[bytes]:
    with saved.open("rb") as file:
        while piece := file.read(PIECE):
            check_cancelled()
            yield piece


def _blobs(
    archive: tarfile.TarFile,
    members: Mapping[str, tarfile.TarInfo],
    *,
    image_id: str,
    check_cancelled: Callable[[], None],
) -> list[_Blob]:
    """The config, then the layers from the oldest on. Every digest is of what was read."""
    (told,) = json.loads(_small(archive, members["manifest.json"]))
    config = _small(archive, members[posixpath.normpath(told["Config"])])
    if _digest(config) != image_id:
        raise NoImage("its configuration is not that of the image")
    blobs = [_Blob(image_id, len(config), given=config)]
    expected = json.loads(config)["rootfs"]["diff_ids"]
    for path, diff_id in zip(told["Layers"], expected, strict=True):
        member = _target(members, posixpath.normpath(path))
        if _digest_of(archive, member, check_cancelled) != diff_id:
            raise NoImage(f"the layer {path} is not what the configuration says")
        blobs.append(_Blob(diff_id, member.size, member=member))
    return blobs


def _target(members: Mapping[str, tarfile.TarInfo], path: str) -> tarfile.TarInfo:
    """A layer that two images share is a link to where it stands first."""
    member = members[path]
    if member.issym():
        member = members[posixpath.normpath(posixpath.join(posixpath.dirname(path), member.linkname))]
    if not member.isreg():
        raise NoImage(f"{path} is no plain file")
    return member


def _written(
    archive: tarfile.TarFile, blobs: list[_Blob], *, name: str, check_cancelled: Callable[[], None]
) -> Iterator[bytes]:
    config, *layers = blobs
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": _descriptor(CONFIG, config),
            "layers": [_descriptor(LAYER, layer) for layer in layers],
        }
    )
    named = _Blob(_digest(manifest), len(manifest), given=manifest)
    tag = {"org.opencontainers.image.ref.name": name.rpartition(":")[2], "io.containerd.image.name": name}
    index = {"schemaVersion": 2, "manifests": [_descriptor(MANIFEST, named) | {"annotations": tag}]}
    loaded = [{"Config": _path(config), "RepoTags": [name], "Layers": [_path(layer) for layer in layers]}]
    yield from tar_writing.text("oci-layout", _json({"imageLayoutVersion": LAYOUT_VERSION}))
    yield from tar_writing.text("index.json", _json(index))
    yield from tar_writing.text("manifest.json", _json(loaded))
    for blob in {blob.digest: blob for blob in (named, *blobs)}.values():
        check_cancelled()
        if blob.member is None:
            yield from tar_writing.text(_path(blob), blob.given or b"")
        else:
            yield from tar_writing.member(_path(blob), blob.size, _content(archive, blob.member))
    yield tar_writing.END


def _descriptor(media_type: str, blob: _Blob) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": blob.digest, "size": blob.size}


def _path(blob: _Blob) -> str:
    return f"blobs/{blob.digest.replace(':', '/')}"


def _small(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    if member.size > MAX_JSON or not member.isreg():
        raise NoImage(f"{member.name} is too large")
    return b"".join(_content(archive, member))


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    file = archive.extractfile(member)
    if file is None:
        raise NoImage(f"{member.name} is no plain file")
    with file:
        while piece := file.read(PIECE):
            yield piece


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _digest_of(archive: tarfile.TarFile, member: tarfile.TarInfo, check_cancelled: Callable[[], None]) -> str:
    found = hashlib.sha256()
    for piece in _content(archive, member):
        check_cancelled()
        found.update(piece)
    return f"sha256:{found.hexdigest()}"


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
