"""Which image the parts of an archive are: exactly one, each digest of it seen in the bytes themselves.

Docker's own archives (`docker save`) and OCI image layouts are read; an archive that is both has to say the same twice.
"""

import hashlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from runtime.contract.archives.rules import ArchiveRefused
from runtime.contract.archives.tar_reading import Unzipped
from runtime.contract.names import DIGEST
from runtime.contract.paths import shown
from runtime.oci_layout import LAYOUT_VERSION
from runtime.saved.parts import Part, Parts, json_object, json_of

OS = "linux"
MAX_LAYERS = 200
MAX_NAMES = 5  # told of
MAX_INDEX = 20  # entries
CHUNK = 256 * 1024
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"

_OF_A_BUILD = ("vnd.docker.reference.type", "attestation-manifest")  # about an image, and none itself
_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")


@dataclass(frozen=True, slots=True)
class SavedLayer:
    """A layer: its part, zipped or not, and the digest and size of what is in it."""

    part: Part
    diff_id: str
    size: int
    zipped: bool

    def content(self) -> Iterator[bytes]:
        """The layer itself, unpacked."""
        with self.part.file.open("rb") as file:
            source = Unzipped(file).take if self.zipped else file.read
            while chunk := source(CHUNK):
                yield chunk


@dataclass(frozen=True, slots=True)
class SavedImage:
    """The one image of an archive. `names` as it was called where it was saved."""

    image_id: str  # sha256 of its configuration
    config: bytes
    layers: tuple[SavedLayer, ...]
    names: tuple[str, ...]


class _Told(NamedTuple):
    """What a manifest says an image is made of."""

    config: Part
    layers: list[Part]
    names: list[str]


def saved_image(parts: Parts) -> SavedImage:
    """The image. ArchiveRefused."""
    told = [
        read(parts) for name, read in (("index.json", _of_layout), ("manifest.json", _of_docker)) if parts.has(name)
    ]
    if not told:
        raise ArchiveRefused("It holds no image: neither a manifest.json of docker save nor an index.json of a layout.")
    first = told[0]
    if any(one.config.digest != first.config.digest for one in told):
        raise ArchiveRefused("Its manifest.json and its index.json speak of different images.")
    diff_ids = _diff_ids(first.config)
    for one in told:
        if len(one.layers) != len(diff_ids):
            raise ArchiveRefused(f"It names {len(one.layers)} layers where the image has {len(diff_ids)}.")
    layers = tuple(_layer(parts, part, diff_id) for part, diff_id in zip(first.layers, diff_ids, strict=True))
    names = [name for one in told for name in one.names]
    return SavedImage(first.config.digest, first.config.file.read_bytes(), layers, _readable(names))


def _of_docker(parts: Parts) -> _Told:
    listed = json_of(parts.find("manifest.json"), "manifest.json")
    if not isinstance(listed, list) or len(listed) != 1 or not isinstance(listed[0], dict):
        found = len(listed) if isinstance(listed, list) else "no list of"
        raise ArchiveRefused(f"It must hold exactly one image, and its manifest.json names {found} images.")
    told: Mapping[str, Any] = listed[0]
    config = parts.find(told.get("Config"))
    said = str(told["Config"]).rpartition("/")[2].removesuffix(".json")
    if DIGEST.fullmatch(f"sha256:{said}") and config.digest != f"sha256:{said}":
        raise ArchiveRefused(f"Its configuration is called {said}, and has {config.digest}.")
    return _Told(config, [parts.find(name) for name in _list(told, "Layers")], _list(told, "RepoTags"))


def _of_layout(parts: Parts) -> _Told:
    layout = json_object(parts.find("oci-layout"), "file oci-layout")
    if layout.get("imageLayoutVersion") != LAYOUT_VERSION:
        raise ArchiveRefused(f"It is a layout of another version than {LAYOUT_VERSION}.")
    index = json_object(parts.find("index.json"), "index.json")
    names = [name for entry in _images(index) for name in _named(entry)]
    manifest = _one_manifest(parts, index)
    if "manifests" in manifest:
        manifest = _one_manifest(parts, manifest)
    if "manifests" in manifest or not isinstance(manifest.get("config"), dict):
        raise ArchiveRefused("Its index leads to no manifest of an image.")
    layers = [_described(parts, one) for one in _list(manifest, "layers")]
    return _Told(_described(parts, manifest["config"]), layers, names)


def _one_manifest(parts: Parts, index: Mapping[str, Any]) -> dict[str, Any]:
    """The document that the one image of an index is; no document is an index and a manifest at once."""
    found = {str(entry.get("digest")): entry for entry in _images(index)}
    if len(found) != 1:
        raise ArchiveRefused(
            f"It must hold exactly one image, and its index names {len(found)}: save it for one platform alone."
        )
    (entry,) = found.values()
    manifest = json_object(_described(parts, entry), "manifest")
    if "manifests" in manifest and ("config" in manifest or "layers" in manifest):
        raise ArchiveRefused("Its manifest is an index as well: which of the two it is differs from reader to reader.")
    return manifest


def _images(index: Mapping[str, Any]) -> list[dict[str, Any]]:
    entries = _list(index, "manifests")
    if len(entries) > MAX_INDEX:
        raise ArchiveRefused(f"Its index names more than {MAX_INDEX} things.", too_large=True)
    return [entry for entry in entries if isinstance(entry, dict) and not _is_about(entry)]


def _is_about(entry: Mapping[str, Any]) -> bool:
    name, value = _OF_A_BUILD
    return _annotations(entry).get(name) == value


def _named(entry: Mapping[str, Any]) -> list[Any]:
    return [_annotations(entry)[name] for name in _NAMES if name in _annotations(entry)][:1]


def _annotations(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    found = entry.get("annotations")
    return found if isinstance(found, dict) else {}


def _described(parts: Parts, descriptor: object) -> Part:
    """The blob of a descriptor, with the size that it says."""
    digest = descriptor.get("digest") if isinstance(descriptor, dict) else None
    if not isinstance(descriptor, dict) or not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        raise ArchiveRefused("A part of it is named without a sha256 digest.")
    part = parts.blob(digest)
    if part.size != descriptor.get("size"):
        raise ArchiveRefused(f"The blob {digest} has another size than its manifest says.")
    return part


def _diff_ids(config: Part) -> list[str]:
    told = json_object(config, "configuration of the image")
    rootfs = told.get("rootfs")
    listed = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    if not isinstance(rootfs, dict) or rootfs.get("type") != "layers" or not isinstance(listed, list | None):
        raise ArchiveRefused("Its configuration is not that of a container image.")
    if told.get("os") != OS:
        raise ArchiveRefused(f"It is an image for {shown(str(told.get('os')))}: hosts run images for {OS}.")
    if len(listed or ()) > MAX_LAYERS:
        raise ArchiveRefused(f"It has more than {MAX_LAYERS} layers.", too_large=True)
    if not all(isinstance(one, str) and DIGEST.fullmatch(one) for one in listed or ()):
        raise ArchiveRefused("Its configuration names a layer without a sha256 digest.")
    return list(listed or ())


def _layer(parts: Parts, part: Part, diff_id: str) -> SavedLayer:
    """The layer as it is, or zipped: what is in it has the digest that the configuration says."""
    if part.digest == diff_id:
        return SavedLayer(part, diff_id, part.size, zipped=False)
    with part.file.open("rb") as file:
        head = file.read(len(ZSTD))
    if head == ZSTD:
        raise ArchiveRefused("A layer of it is packed with zstd: save it with gzip, or unpacked.")
    if not head.startswith(GZIP):
        raise ArchiveRefused(f"A layer of it has {part.digest}, where the configuration says {diff_id}.")
    size, found = _unzipped(parts, part)
    if found != diff_id:
        raise ArchiveRefused(f"A layer of it holds {found}, where the configuration says {diff_id}.")
    return SavedLayer(part, diff_id, size, zipped=True)


def _unzipped(parts: Parts, part: Part) -> tuple[int, str]:
    size, hashed = 0, hashlib.sha256()
    try:
        for chunk in SavedLayer(part, "", 0, zipped=True).content():
            parts.ledger.tick()
            parts.ledger.count(len(chunk))
            hashed.update(chunk)
            size += len(chunk)
    except zlib.error as error:
        raise ArchiveRefused("A layer of it is damaged and cannot be unpacked.") from error
    return size, f"sha256:{hashed.hexdigest()}"


def _list(told: Mapping[str, Any], name: str) -> list[Any]:
    found = told.get(name)
    if found is not None and not isinstance(found, list):
        raise ArchiveRefused(f"What it says of {name} cannot be read.")
    return found or []


def _readable(names: Sequence[object]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(shown(name) for name in names if isinstance(name, str)))[:MAX_NAMES]
