"""The Docker Engine behind the port. Only `runtime/engine/docker*.py` imports the SDK."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from runtime.contract.link import EngineFacts
from runtime.contract.names import DIGEST, LABEL_INSTANCE
from runtime.contract.reports import Layer
from runtime.engine.base import (
    BuildEvent,
    BuildRequest,
    Container,
    ContainerPlan,
    EventStream,
    Image,
    LogEntry,
    LogStream,
)
from runtime.engine.docker_build import DockerBuilder
from runtime.engine.docker_cli import candidates
from runtime.engine.docker_client import Connection, translated
from runtime.engine.docker_containers import create_body, read_container
from runtime.engine.docker_pull import pull
from runtime.engine.docker_streams import open_events, open_logs
from runtime.engine.errors import BadRequest, Conflict, EngineError, NotFound

MAX_LAYERS = 200
MAX_INSTRUCTION = 500


class DockerEngine:
    """A Docker Engine at `address` (`unix://`, `tcp://`); None means the default socket.

    Ports are published on `publish_address` only. `clis` are the docker commands that may be tried
    for BuildKit; an empty list leaves the classic builder.
    """

    def __init__(
        self,
        *,
        address: str | None = None,
        publish_address: str = "127.0.0.1",
        clis: Sequence[str] | None = None,
    ) -> None:
        self._connection = Connection(address)
        self._publish_address = publish_address
        self._builder = DockerBuilder(self._connection, clis=candidates() if clis is None else clis)

    def facts(self) -> EngineFacts:
        with translated():
            client = self._connection.calls()
            info: dict[str, Any] = client.info()
        total, free = _disk(info.get("DockerRootDir", ""))
        return EngineFacts(
            name=info.get("Name", ""),
            version=info.get("ServerVersion", ""),
            api_version=client.api_version,
            storage_driver=info.get("Driver", ""),
            cgroup_version=str(info.get("CgroupVersion", "")),
            builder=self._builder.name,
            kernel=info.get("KernelVersion", ""),
            operating_system=info.get("OperatingSystem", ""),
            cpus=info.get("NCPU", 0),
            memory=info.get("MemTotal", 0),
            disk_total=total,
            disk_free=free,
            runtimes=sorted(info.get("Runtimes") or {}),
        )

    def image(self, reference: str) -> Image:
        with translated():
            return _read_image(self._connection.calls().inspect_image(reference))

    def tag_image(self, image_id: str, tag: str) -> None:
        repository, _, name = tag.rpartition(":")
        with translated():
            self._connection.calls().tag(image_id, repository, name, force=True)

    def layers(self, image_id: str) -> list[Layer]:
        with translated():
            client = self._connection.calls()
            history = client.history(image_id)
            digests = list(client.inspect_image(image_id)["RootFS"].get("Layers") or ())
        return _read_layers(list(reversed(history))[:MAX_LAYERS], digests)

    def pull(self, reference: str, *, cancelled: Callable[[], bool]) -> Image:
        pull(self._connection, reference, cancelled=cancelled)
        return self.image(reference)

    def remove_image(self, image_id: str) -> None:
        if not DIGEST.fullmatch(image_id):
            raise BadRequest(f"images are removed by their exact ID only, not by {image_id!r}")
        with suppress(NotFound), translated():
            client = self._connection.calls()
            for tag in client.inspect_image(image_id).get("RepoTags") or ():
                client.remove_image(tag)
            client.remove_image(image_id)

    def build(self, request: BuildRequest, *, cancelled: Callable[[], bool]) -> Iterator[BuildEvent]:
        return self._builder.build(request, cancelled=cancelled)

    def ensure_network(self, name: str, *, labels: Mapping[str, str]) -> None:
        with translated():
            client = self._connection.calls()
            for network in client.networks(names=[name]):
                if network["Name"] == name:
                    _require_ours(network, labels[LABEL_INSTANCE])
                    return
            client.create_network(name, driver="bridge", labels=dict(labels), check_duplicate=True)

    def remove_network(self, name: str, *, instance: str) -> bool:
        try:
            with translated():
                client = self._connection.calls()
                _require_ours(client.inspect_network(name), instance)
                client.remove_network(name)
        except EngineError:
            # In use, not ours, gone, or the engine is away: in every case it stays as it is.
            return False
        return True

    def create(self, plan: ContainerPlan) -> str:
        body = create_body(plan, publish_address=self._publish_address)
        with translated():
            created = self._connection.calls().create_container_from_config(body, plan.name)
        return str(created["Id"])

    def start(self, container_id: str) -> None:
        with translated():
            self._connection.calls().start(container_id)

    def stop(self, container_id: str, *, timeout: int) -> None:
        with suppress(NotFound), translated():
            self._connection.calls().stop(container_id, timeout=timeout)

    def restart(self, container_id: str, *, timeout: int) -> None:
        with translated():
            self._connection.calls().restart(container_id, timeout=timeout)

    def rename(self, container_id: str, name: str) -> None:
        with translated():
            self._connection.calls().rename(container_id, name)

    def remove(self, container_id: str) -> None:
        with suppress(NotFound), translated():
            self._connection.calls().remove_container(container_id, v=True, force=True)

    def container(self, container: str) -> Container:
        with translated():
            return read_container(self._connection.calls().inspect_container(container))

    def list_managed(self, *, instance: str, labels: Mapping[str, str] | None = None) -> list[Container]:
        wanted = {LABEL_INSTANCE: instance} | dict(labels or {})
        filters = {"label": [f"{name}={value}" for name, value in wanted.items()]}
        with translated():
            listed = self._connection.calls().containers(all=True, filters=filters)
        found: list[Container] = []
        for summary in sorted(listed, key=lambda entry: entry["Created"]):
            with suppress(NotFound):
                found.append(self.container(summary["Id"]))
        return found

    def logs(self, container_id: str, *, since_ns: int = 0, follow: bool = False) -> LogStream:
        return open_logs(self._connection, container_id, since_ns=since_ns, follow=follow)

    def tail(self, container_id: str, *, lines: int) -> list[LogEntry]:
        stream = open_logs(self._connection, container_id, since_ns=0, follow=False, tail=str(lines))
        return [entry for batch in stream for entry in batch]

    def events(self, *, instance: str, since_ns: int | None = None) -> EventStream:
        label = f"{LABEL_INSTANCE}={instance}"
        return open_events(self._connection, label=label, since_ns=since_ns)

    def close(self) -> None:
        self._connection.close()


def _read_image(answer: Mapping[str, Any]) -> Image:
    config = answer.get("Config") or {}
    test = (config.get("Healthcheck") or {}).get("Test") or ["NONE"]
    return Image(
        image_id=answer["Id"],
        size=answer["Size"],
        tags=tuple(answer.get("RepoTags") or ()),
        labels=config.get("Labels") or {},
        has_healthcheck=test[0] != "NONE",
    )


def _read_layers(history: list[dict[str, Any]], digests: list[str]) -> list[Layer]:
    """History has an entry per instruction; only those that are not empty have a layer, in order."""
    remaining = iter(digests)
    filled = sum(1 for entry in history if entry["Size"] > 0)
    layers: list[Layer] = []
    for entry in history:
        has_layer = entry["Size"] > 0 or filled == 0
        digest = next(remaining, None) if has_layer and filled == len(digests) else None
        layers.append(
            Layer(
                instruction=str(entry["CreatedBy"])[:MAX_INSTRUCTION],
                size=entry["Size"],
                digest=digest,
                created_ns=entry["Created"] * 1_000_000_000 if entry["Created"] > 0 else None,
            )
        )
    return layers


def _require_ours(network: Mapping[str, Any], instance: str) -> None:
    if (network.get("Labels") or {}).get(LABEL_INSTANCE) != instance:
        raise Conflict(f"the network {network['Name']} belongs to somebody else")


def _disk(root: str) -> tuple[int, int]:
    """Total and free bytes where the engine keeps its data; zeros when that is on another machine."""
    if not root or not Path(root).is_dir():
        return 0, 0
    usage = shutil.disk_usage(root)
    return usage.total, usage.free
