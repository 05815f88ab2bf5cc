"""Named volumes of a Docker Engine.

The engine gives and takes files of containers only. So a container of an image with nothing in it gets the volume,
is never started, and is removed; what runs beside it with the same volume is not touched.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from runtime.contract.names import LABEL_INSTANCE
from runtime.engine.docker_client import Connection, translated
from runtime.engine.docker_files import LABEL, NEVER_RUN, remove_former
from runtime.engine.docker_pump import Pump, in_time
from runtime.engine.errors import Conflict, EngineError, NotFound, WorkCancelled, WorkTimeout
from runtime.engine.volumes import TOP, CountedVolume, Volume

DRIVER = "local"  # no options: they could name a folder of the host, or another machine
EMPTY = ("slipway/empty", "1")
EMPTY_ARCHIVE = bytes(1024)
COUNT_TIMEOUT = 120.0
REMOVE_TIMEOUT = 120.0


class DockerVolumes:
    """See `Volumes`."""

    _connection: Connection

    def ensure_volume(self, name: str, *, labels: Mapping[str, str]) -> None:
        with suppress(NotFound):
            _require_ours(self.volume(name), labels[LABEL_INSTANCE])
            return
        with translated():
            self._connection.calls().create_volume(name, driver=DRIVER, labels=dict(labels))
        _require_ours(self.volume(name), labels[LABEL_INSTANCE])  # somebody may have been faster

    def volume(self, name: str) -> Volume:
        with translated():
            return _read(self._connection.calls().inspect_volume(name))

    def remove_volume(self, name: str, *, instance: str) -> None:
        with suppress(NotFound):
            _require_ours(self.volume(name), instance)
            with self._connection.patient(REMOVE_TIMEOUT) as client:
                remove_former(client, _helper(name))
                client.remove_volume(name)

    def count_volumes(self, *, instance: str) -> list[CountedVolume]:
        with self._connection.patient(COUNT_TIMEOUT) as client:
            told: dict[str, Any] = client.df()
        counted = [_read_counted(entry) for entry in told.get("Volumes") or ()]
        ours = [one for one in counted if one.volume.labels.get(LABEL_INSTANCE) == instance]
        return sorted(ours, key=lambda one: one.volume.name)

    def read_volume(self, name: str, *, cancelled: Callable[[], bool], timeout: float) -> Iterator[bytes]:
        with self._container_with(name) as container:
            path = f"/containers/{container}/archive"
            where, plain = {"path": f"/{TOP}"}, {"Accept-Encoding": "identity"}
            pump = Pump(lambda: self._connection.stream("GET", path, params=where, headers=plain))
            with in_time():
                try:
                    yield from pump.pieces(deadline=time.monotonic() + timeout, cancelled=cancelled)
                finally:
                    pump.close()

    def write_volume(
        self, name: str, archive: Iterable[bytes], *, cancelled: Callable[[], bool], timeout: float
    ) -> None:
        body = _until(archive, deadline=time.monotonic() + timeout, cancelled=cancelled)
        with self._container_with(name) as container, in_time(), self._connection.patient(timeout) as client:
            client.put_archive(container, "/", body)

    @contextmanager
    def _container_with(self, name: str) -> Iterator[str]:
        """A container that never runs, with the volume at `TOP`."""
        self.volume(name)
        with translated():
            client = self._connection.calls()
            remove_former(client, _helper(name))
            mount = {"Type": "volume", "Source": name, "Target": f"/{TOP}", "VolumeOptions": {"NoCopy": True}}
            body = {
                "Image": self._empty_image(),
                "Cmd": NEVER_RUN,
                "Labels": {LABEL: "1"},
                "NetworkDisabled": True,
                "HostConfig": {"Mounts": [mount], "NetworkMode": "none"},
            }
            container = str(client.create_container_from_config(body, _helper(name))["Id"])
        try:
            yield container
        finally:
            with suppress(EngineError), translated():
                client.remove_container(container, v=True, force=True)

    def _empty_image(self) -> str:
        client = self._connection.calls()
        name = ":".join(EMPTY)
        try:
            with translated():
                return str(client.inspect_image(name)["Id"])
        except NotFound:
            client.import_image_from_data(EMPTY_ARCHIVE, repository=EMPTY[0], tag=EMPTY[1])
            return str(client.inspect_image(name)["Id"])


def _until(archive: Iterable[bytes], *, deadline: float, cancelled: Callable[[], bool]) -> Iterator[bytes]:
    for piece in archive:
        if cancelled():
            raise WorkCancelled("it was cancelled")
        if time.monotonic() > deadline:
            raise WorkTimeout("it took longer than it may")
        yield piece


def _helper(name: str) -> str:
    return f"slipway-look-{name}"


def _read(answer: Mapping[str, Any]) -> Volume:
    return Volume(name=str(answer["Name"]), labels=answer.get("Labels") or {})


def _read_counted(entry: Mapping[str, Any]) -> CountedVolume:
    use = entry.get("UsageData") or {}
    size, containers = int(use.get("Size", -1)), int(use.get("RefCount", -1))  # -1: not counted
    return CountedVolume(
        volume=_read(entry),
        size=size if size >= 0 else None,
        containers=containers if containers >= 0 else None,
    )


def _require_ours(volume: Volume, instance: str) -> None:
    if volume.labels.get(LABEL_INSTANCE) != instance:
        raise Conflict(f"the volume {volume.name} belongs to somebody else")
