"""Images as tools save them, and as somebody with other plans would."""

import gzip
import hashlib
import json
import tarfile
from collections.abc import Callable, Sequence
from typing import Any

from tests.contract.packing import Entry, tar

LAYERS = (tar([("a", b"first")]), tar([("b", b"second" * 2000)]))
NAME = "shop/front:7"
Parts = dict[str, bytes | dict[str, Any]]  # the entries of an archive, by name


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def config(layers: Sequence[bytes] = LAYERS, **more: Any) -> bytes:
    """The configuration of an image of these layers."""
    rootfs = {"type": "layers", "diff_ids": [digest(layer) for layer in layers]}
    settings = {"Cmd": ["/a"], "Labels": {"made": "elsewhere"}}
    told = {"architecture": "amd64", "os": "linux", "rootfs": rootfs, "config": settings, "history": []}
    return json.dumps(told | more).encode()


IMAGE_ID = digest(config())


def docker(*, layers: Sequence[bytes] = LAYERS, **told: Any) -> Parts:
    """As `docker save` of an engine of 2022 writes it; `told` changes its manifest."""
    made = config(layers)
    name = f"{digest(made)[7:]}.json"
    parts: Parts = {f"{at}/layer.tar": layer for at, layer in enumerate(layers)}
    manifest = {"Config": name, "RepoTags": [NAME], "Layers": list(parts)} | told
    return parts | {name: made, "manifest.json": json.dumps([manifest]).encode()}


def linked() -> Parts:
    """A layer that is there twice is a link the second time."""
    layers = (LAYERS[0], LAYERS[1], LAYERS[0])
    return docker(layers=layers) | {"2/layer.tar": {"type": tarfile.SYMTYPE, "linkname": "../0/layer.tar"}}


def blob(data: bytes) -> Parts:
    return {f"blobs/{digest(data).replace(':', '/')}": data}


def described(data: bytes, **more: Any) -> dict[str, Any]:
    return {"mediaType": "application/x", "digest": digest(data), "size": len(data), **more}


def layout(
    *,
    layers: Sequence[bytes] = LAYERS,
    pack: Callable[[bytes], bytes] = bytes,
    made: bytes | None = None,
    nested: bool = False,
    **told: Any,
) -> Parts:
    """An OCI image layout; `told` changes its manifest, `nested` gives it an index with an attestation beside it."""
    made = config(layers) if made is None else made
    packed = [pack(layer) for layer in layers]
    manifest = {"schemaVersion": 2, "config": described(made), "layers": [described(one) for one in packed]} | told
    body = json.dumps(manifest).encode()
    entry = described(body, annotations={"org.opencontainers.image.ref.name": NAME})
    parts: Parts = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}
    for data in (body, made, *packed):
        parts |= blob(data)
    if nested:
        about = described(b"{}", annotations={"vnd.docker.reference.type": "attestation-manifest"})
        inner = json.dumps({"manifests": [described(body), about]}).encode()
        parts |= blob(inner)
        entry = described(inner, annotations={"io.containerd.image.name": NAME})
    return parts | {"index.json": json.dumps({"manifests": [entry]}).encode()}


def packed(parts: Parts) -> bytes:
    entries: list[Entry] = list(parts.items())
    return tar(entries)


def zipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


GOOD: dict[str, Parts] = {
    "docker": docker(),
    "docker with a link": linked(),
    "layout": layout(),
    "zipped layers": layout(pack=zipped),
    "nested index": layout(nested=True),
    "both": docker() | layout(),
    "no layer": docker(layers=()),
    "no name": docker(RepoTags=None),
    "zipped layers of docker": docker()
    | {f"{at}/layer.tar": zipped(layer) for at, layer in enumerate(LAYERS)},
}  # fmt: skip


def _index(*entries: Any) -> Parts:
    return {"index.json": json.dumps({"manifests": list(entries)}).encode()}


def _with_index(document: dict[str, Any]) -> Parts:
    body = json.dumps(document).encode()
    return layout() | blob(body) | _index(described(body))


def _told(**more: Any) -> Parts:
    return docker() | {"manifest.json": json.dumps([{"Config": "x.json", "Layers": [], **more}]).encode()}


def _in_place(parts: Parts, data: bytes, by: bytes) -> Parts:
    return parts | {f"blobs/{digest(data).replace(':', '/')}": by}


OTHER = config(LAYERS, architecture="arm64")
DEEP = b"[" * 100_000 + b"]" * 100_000

# Each is refused as a whole.
ATTACKS: dict[str, Parts] = {
    "no image": {"Dockerfile": b"FROM scratch\n"},
    "only repositories": {"repositories": b"{}"},
    "two images": docker() | {"manifest.json": json.dumps([{"Config": "x", "Layers": []}] * 2).encode()},
    "no image named": docker() | {"manifest.json": b"[]"},
    "manifest that is no list": docker() | {"manifest.json": b"{}"},
    "manifest that is no JSON": docker() | {"manifest.json": b"\xff{"},
    "manifest too deep": docker() | {"manifest.json": DEEP},
    "manifest too large": docker() | {"manifest.json": b" " * (5 << 20)},
    "a name twice in the manifest": docker() | {"manifest.json": b'[{"Config":"a","Config":"b","Layers":[]}]'},
    "config that is not there": docker(Config="none.json"),
    "config that leads out": docker(Config="../../etc/passwd"),
    "config that is absolute": docker(Config="/etc/passwd"),
    "config that is no name": docker(Config={"a": 1}),
    "config that is another than it is called": docker() | {f"{IMAGE_ID[7:]}.json": OTHER},
    "config that is none": docker() | {"x.json": b"[]"} | _told(),
    "config of something else": layout(made=b'{"name":"a chart"}', layers=()),
    "config without digests": layout(made=config((), rootfs={"type": "layers", "diff_ids": ["sha256:../x"]})),
    "config for another system": layout(made=config(os="plan9")),
    "config for no system": layout(made=config(os=None)),
    "config of too many layers": docker(layers=[b""] * 201),
    "layer that is not there": docker(Layers=["0/layer.tar", "9/layer.tar"]),
    "layer that leads out": docker(Layers=["0/layer.tar", "../../../etc/shadow"]),
    "layer too few": docker(Layers=["0/layer.tar"]),
    "layer too many": docker(Layers=["0/layer.tar", "1/layer.tar", "1/layer.tar"]),
    "layers in another order": docker(Layers=["1/layer.tar", "0/layer.tar"]),
    "layers that are no list": docker(Layers="0/layer.tar"),
    "layer that is another": docker() | {"1/layer.tar": b"evil"},
    "zipped layer that is another": docker() | {"1/layer.tar": zipped(b"evil")},
    "zipped layer that is damaged": docker() | {"1/layer.tar": zipped(LAYERS[1])[:40]},
    "layer packed with zstd": docker() | {"1/layer.tar": b"\x28\xb5\x2f\xfd" + LAYERS[1]},
    "link in a ring": docker() | {"1/layer.tar": {"type": tarfile.SYMTYPE, "linkname": "../1/layer.tar"}},
    "link to nothing": docker() | {"1/layer.tar": {"type": tarfile.SYMTYPE, "linkname": "../7/layer.tar"}},
    "two stories": docker() | layout(made=OTHER),
    "layout without its version": {name: part for name, part in layout().items() if name != "oci-layout"},
    "layout of another version": layout() | {"oci-layout": b'{"imageLayoutVersion":"2.0.0"}'},
    "index of two images": layout() | _index(described(b"a"), described(b"b")),
    "index of none": layout() | _index(),
    "index of too much": layout() | _index(*[described(b"a")] * 21),
    "index that is no list": layout() | {"index.json": b'{"manifests":{}}'},
    "index to nothing": layout() | _index(described(b"nothing")),
    "index without a digest": layout() | _index({"size": 1}),
    "index by another algorithm": layout() | _index({"digest": "md5:0", "size": 1}),
    "index to a path": layout() | _index({"digest": "sha256:../../x", "size": 1}),
    "index in an index in an index": _with_index({"manifests": [described(b'{"manifests":[]}')]})
    | blob(b'{"manifests":[]}'),
    "index that is a manifest too": _with_index(
        {"manifests": [described(b"a")], "config": described(config()), "layers": []}
    ),
    "manifest without a config": layout(config=None),
    "config of another size": layout(config=described(config()) | {"size": 1}),
    "layer of another size": _with_index(
        {"config": described(config()), "layers": [described(LAYERS[0]) | {"size": 1}, described(LAYERS[1])]}
    ),
    "index with a list for a digest": layout() | _index({"digest": [], "size": 1}),
    "blob that is another than it is called": _in_place(layout(), config(), OTHER),
    "layer blob that is another": _in_place(layout(), LAYERS[0], b"evil"),
    "pipe": docker() | {"x": {"type": tarfile.FIFOTYPE}},
    "name that leads out": docker() | {"../x": b""},
    "link that leads out": docker() | {"x": {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}},
}
