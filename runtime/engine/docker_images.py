"""The images of a Docker Engine: what it holds, under which names, and as archives."""

import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from runtime.contract.reports import Layer
from runtime.engine import docker_commit, docker_registry
from runtime.engine.docker_cache import exact_record, read_record
from runtime.engine.docker_client import Connection, engine_error, translated
from runtime.engine.docker_files import read_files
from runtime.engine.docker_history import read_layers
from runtime.engine.docker_pump import Pump, in_time
from runtime.engine.errors import BadRequest, Conflict, DiskFull, NotFound, WorkCancelled
from runtime.engine.image_names import exact, parsed, tagged, whole_id
from runtime.engine.values import CacheRecord, DiskUse, HeldImage, Image, Pulled, Pushed, RegistryLogin, TransferLine

MAX_LAYERS = 200
COUNT_TIMEOUT = 120.0
REMOVE_TIMEOUT = 120.0
NANOSECONDS = 1_000_000_000

_LOADED = ("Loaded image: ", "Loaded image ID: ")


class DockerImages:
    """See `Images`; builds are `DockerEngine`'s."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def image(self, reference: str) -> Image:
        with translated():
            return _read_image(self._connection.calls().inspect_image(reference))

    def list_images(self, *, labels: Mapping[str, str]) -> list[HeldImage]:
        filters = {"label": [f"{name}={value}" for name, value in labels.items()]}
        with translated():
            listed = self._connection.calls().images(filters=filters)
        return [_read_listed(entry) for entry in sorted(listed, key=lambda entry: entry["Created"])]

    def tag(self, image_id: str, reference: str) -> None:
        name = tagged(reference)
        with translated():
            self._connection.calls().tag(image_id, name.name, name.tag, force=True)

    def untag(self, reference: str) -> None:
        name = str(exact(reference))
        with suppress(NotFound), self._connection.patient(REMOVE_TIMEOUT) as client:
            client.remove_image(name)

    def remove_image(self, image_id: str) -> None:
        whole_id(image_id)
        with suppress(NotFound):
            if self.image(image_id).tags:
                raise Conflict("the image has a name")
            with self._connection.patient(REMOVE_TIMEOUT) as client:
                client.remove_image(image_id)

    def layers(self, image_id: str) -> list[Layer]:
        with translated():
            client = self._connection.calls()
            history = client.history(image_id)
            digests = list(client.inspect_image(image_id)["RootFS"].get("Layers") or ())
        return read_layers(list(reversed(history))[:MAX_LAYERS], digests)

    def files(self, image_id: str, paths: Sequence[str], *, limit: int) -> dict[str, bytes]:
        return read_files(self._connection, image_id, paths, limit=limit)

    def pull(
        self, reference: str, *, credential: RegistryLogin | None, cancelled: Callable[[], bool], timeout: float
    ) -> Iterator[TransferLine | Pulled]:
        name = parsed(reference)
        digest = yield from docker_registry.pull(
            self._connection, name, credential=credential, cancelled=cancelled, timeout=timeout
        )
        yield Pulled(image=self.image(f"{name.name}@{digest}"), digest=digest)

    def push(
        self, reference: str, *, credential: RegistryLogin | None, cancelled: Callable[[], bool], timeout: float
    ) -> Iterator[TransferLine | Pushed]:
        name = tagged(reference)
        self.image(str(name))
        yield from docker_registry.push(
            self._connection, name, credential=credential, cancelled=cancelled, timeout=timeout
        )

    def save(self, references: Sequence[str], *, cancelled: Callable[[], bool], timeout: float) -> Iterator[bytes]:
        for reference in references:
            self.image(reference)
        parameters = {"names": list(references)}
        pump = Pump(lambda: self._connection.stream("GET", "/images/get", params=parameters, header_timeout=timeout))
        with in_time():
            try:
                yield from pump.pieces(deadline=time.monotonic() + timeout, cancelled=cancelled)
            finally:
                pump.close()

    def load(self, archive: Iterable[bytes], *, cancelled: Callable[[], bool], timeout: float) -> list[str]:
        given_up = threading.Event()
        body = _until(given_up, archive)
        parameters = {"quiet": "1"}
        pump = Pump(
            lambda: self._connection.stream(
                "POST", "/images/load", params=parameters, body=body, header_timeout=timeout
            )
        )
        with in_time():
            try:
                lines = pump.lines(deadline=time.monotonic() + timeout, cancelled=cancelled)
                names = [name for line in lines for name in _loaded(line)]
            finally:
                given_up.set()
                pump.close()
        if not names:
            raise BadRequest("the archive holds no image")
        return list(dict.fromkeys(self.image(name).image_id for name in names))

    def commit(
        self,
        container: str,
        *,
        tag: str,
        author: str,
        message: str,
        labels: Mapping[str, str],
        cancelled: Callable[[], bool],
        timeout: float,
    ) -> str:
        raw = str(tagged(tag + docker_commit.RAW))
        with translated():
            client = self._connection.calls()
            found = client.inspect_container(container)
            settings = docker_commit.settings_of(client.inspect_image(found["Image"]), labels=labels)
        try:
            self._commit_raw(container, raw, timeout=timeout)
            with tempfile.TemporaryFile() as archive:
                for piece in self.save([raw], cancelled=cancelled, timeout=timeout):
                    archive.write(piece)
                archive.seek(0)
                settled = docker_commit.with_settings(
                    archive, settings, author=author, message=message, step=f"Files of container {found['Id'][:12]}"
                )
                (image_id,) = self.load(settled, cancelled=cancelled, timeout=timeout)
            self.tag(image_id, tag)
        finally:
            self.untag(raw)
        return image_id

    def _commit_raw(self, container: str, raw: str, *, timeout: float) -> None:
        name = tagged(raw)
        with self._connection.patient(timeout) as client:
            client.commit(container, repository=name.name, tag=name.tag)

    def disk_use(self) -> DiskUse:
        with self._connection.patient(COUNT_TIMEOUT) as client:
            use: dict[str, Any] = client.df()
        return DiskUse(
            images=int(use.get("LayersSize") or 0),
            containers=sum(int(one.get("SizeRw") or 0) for one in use.get("Containers") or ()),
            volumes=sum(max(int((one.get("UsageData") or {}).get("Size") or 0), 0) for one in use.get("Volumes") or ()),
            build_cache=sum(int(one.get("Size") or 0) for one in use.get("BuildCache") or () if not one.get("Shared")),
        )

    def build_cache(self) -> list[CacheRecord]:
        with self._connection.patient(COUNT_TIMEOUT) as client:
            use: dict[str, Any] = client.df()
        return [read_record(one) for one in use.get("BuildCache") or ()]

    def drop_cache(self, record_id: str) -> bool:
        with self._connection.patient(REMOVE_TIMEOUT) as client:
            answer = client.prune_builds(filters={"id": exact_record(record_id)}, all=True)
        return record_id in (answer.get("CachesDeleted") or ())


def _read_image(answer: Mapping[str, Any]) -> Image:
    config = answer.get("Config") or {}
    test = (config.get("Healthcheck") or {}).get("Test") or ["NONE"]
    return Image(
        image_id=answer["Id"],
        size=answer["Size"],
        tags=tuple(answer.get("RepoTags") or ()),
        labels=config.get("Labels") or {},
        variables=dict(entry.partition("=")[::2] for entry in config.get("Env") or ()),
        has_healthcheck=test[0] != "NONE",
        user=config.get("User") or "",
    )


def _read_listed(entry: Mapping[str, Any]) -> HeldImage:
    return HeldImage(
        image_id=entry["Id"],
        tags=tuple(tag for tag in entry.get("RepoTags") or () if not tag.startswith("<none>")),
        digests=tuple(name for name in entry.get("RepoDigests") or () if not name.startswith("<none>")),
        size=entry["Size"],
        created_ns=entry["Created"] * NANOSECONDS,
        labels=entry.get("Labels") or {},
    )


def _loaded(line: str) -> list[str]:
    """The images that a line of the engine's answer names. BadRequest, DiskFull."""
    try:
        record = json.loads(line)
    except ValueError:
        return []
    if record.get("error"):
        error = engine_error(str(record["error"]))
        raise error if isinstance(error, DiskFull) else BadRequest(error.message)
    words = str(record.get("stream") or "").splitlines()
    return [word.removeprefix(start).strip() for word in words for start in _LOADED if word.startswith(start)]


def _until(given_up: threading.Event, archive: Iterable[bytes]) -> Iterator[bytes]:
    """The archive; breaks off, and with it the request that sends it, when nobody waits for the answer any more."""
    for piece in archive:
        if given_up.is_set():
            raise WorkCancelled("it was cancelled")
        yield piece
