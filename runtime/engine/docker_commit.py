"""A container kept as an image that has the settings of the container's own image, and nothing of what it was started
with.

The engine's commit takes the container's variables along, and no way of asking keeps them out: it adds what is not
named, and older engines write the whole container into the image. So what it made is taken out as an archive, given
its settings back, and brought in again; the layers stay as they are.
"""

import hashlib
import json
import tarfile
from collections.abc import Iterator, Mapping
from typing import IO, Any

from runtime import tar_writing
from runtime.engine.errors import EngineError

RAW = ".raw"  # ends the name of what the engine's own commit made, until it is removed
MAX_TEXT = 16 * 1024 * 1024  # of a manifest or settings in an archive

_ABOUT_THE_IMAGE = ("architecture", "variant", "os", "os.version", "os.features", "created", "rootfs")
_SETTINGS = (
    "User",
    "ExposedPorts",
    "Env",
    "Entrypoint",
    "Cmd",
    "Volumes",
    "WorkingDir",
    "StopSignal",
    "StopTimeout",
    "Healthcheck",
    "OnBuild",
    "Shell",
    "ArgsEscaped",
)


def settings_of(image: Mapping[str, Any], *, labels: Mapping[str, str]) -> dict[str, Any]:
    """The settings of an image as the engine's inspection shows them, with these labels on top."""
    config = image.get("Config") or {}
    kept = {name: config[name] for name in _SETTINGS if config.get(name)}
    return kept | {"Labels": dict(config.get("Labels") or {}) | dict(labels)}


def with_settings(
    archive: IO[bytes], settings: Mapping[str, Any], *, author: str, message: str, step: str
) -> Iterator[bytes]:
    """The archive of one image, its settings replaced and its last layer called `step`. EngineError."""
    try:
        with tarfile.open(fileobj=archive, mode="r:") as saved:
            (manifest,) = json.loads(_text(saved, "manifest.json"))
            config = json.loads(_text(saved, manifest["Config"]))
            settled = json.dumps(_settled(config, settings, author=author, message=message, step=step)).encode()
            name = f"{hashlib.sha256(settled).hexdigest()}.json"
            told = json.dumps([{"Config": name, "RepoTags": None, "Layers": manifest["Layers"]}]).encode()
            yield from tar_writing.text("manifest.json", told)
            yield from tar_writing.text(name, settled)
            for layer in dict.fromkeys(manifest["Layers"]):
                yield from _layer(saved, layer)
            yield tar_writing.END
    except (tarfile.TarError, KeyError, TypeError, ValueError) as error:
        raise EngineError(f"the engine gave an archive that is none: {error}") from error


def _settled(
    config: Mapping[str, Any], settings: Mapping[str, Any], *, author: str, message: str, step: str
) -> dict[str, Any]:
    history = [*config["history"]]
    history[-1] = {"created": config["created"], "author": author, "created_by": step, "comment": message}
    about = {name: config[name] for name in _ABOUT_THE_IMAGE if name in config}
    return about | {"author": author, "history": history, "config": dict(settings)}


def _layer(saved: tarfile.TarFile, name: str) -> Iterator[bytes]:
    """One layer; where an engine saves equal ones once, the others are links to it."""
    member = saved.getmember(name)
    content = saved.extractfile(member)
    if content is None:
        raise ValueError(f"{name} is no file")
    with content:
        size = content.seek(0, 2)
        content.seek(0)
        yield from tar_writing.member(name, size, iter(lambda: content.read(tar_writing.PIECE), b""))


def _text(saved: tarfile.TarFile, name: str) -> bytes:
    content = saved.extractfile(saved.getmember(name))
    if content is None:
        raise ValueError(f"{name} is no file")
    with content:
        return content.read(MAX_TEXT)
