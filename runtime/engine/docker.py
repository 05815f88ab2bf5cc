"""The Docker Engine behind the port. Only `runtime/engine/docker*.py` imports the SDK."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from runtime.contract.link import EngineFacts
from runtime.contract.names import LABEL_INSTANCE
from runtime.engine.base import MAX_CHANGES, EventStream, LogStream
from runtime.engine.docker_build import DockerBuilder
from runtime.engine.docker_cli import candidates
from runtime.engine.docker_client import Connection, raise_for_status, translated
from runtime.engine.docker_containers import create_body, read_container, read_stat
from runtime.engine.docker_images import DockerImages
from runtime.engine.docker_streams import open_events, open_logs
from runtime.engine.docker_volumes import DockerVolumes
from runtime.engine.errors import Conflict, EngineError, NotFound
from runtime.engine.host_disk import bounds, disk_of
from runtime.engine.values import BuildEvent, BuildRequest, Change, Container, ContainerPlan, FileStat, LogEntry

_SHIM = "io.containerd."  # other names of runtimes that are listed by their own
_KINDS: tuple[Literal["changed", "added", "deleted"], ...] = ("changed", "added", "deleted")  # by the engine's number


class DockerEngine(DockerImages, DockerVolumes):
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
        super().__init__(Connection(address))
        self._publish_address = publish_address
        self._builder = DockerBuilder(self._connection, clis=candidates() if clis is None else clis)

    def facts(self) -> EngineFacts:
        with translated():
            client = self._connection.calls()
            info: dict[str, Any] = client.info()
        root = info.get("DockerRootDir", "")
        total, free = _disk(root)
        security = [str(option) for option in info.get("SecurityOptions") or ()]
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
            runtimes=sorted(name for name in info.get("Runtimes") or {} if not name.startswith(_SHIM)),
            default_runtime=info.get("DefaultRuntime", ""),
            seccomp=any(option.startswith("name=seccomp") and "unconfined" not in option for option in security),
            user_namespaces=any(option in ("name=userns", "name=rootless") for option in security),
            io=bounds(disk_of(root)),
        )

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
        for volume in plan.volumes.values():
            self.volume(volume)  # the engine would make one without our labels
        body = create_body(plan, publish_address=self._publish_address, disk=self._disk_for(plan))
        with translated():
            created = self._connection.calls().create_container_from_config(body, plan.name)
        return str(created["Id"])

    def _disk_for(self, plan: ContainerPlan) -> str | None:
        """Asked for only where the plan bounds its use."""
        if plan.spec.limits.read_bps is None and plan.spec.limits.write_bps is None:
            return None
        with translated():
            return disk_of(self._connection.calls().info().get("DockerRootDir", ""))

    def start(self, container_id: str) -> None:
        try:
            with translated():
                self._connection.calls().start(container_id)
        except Conflict:
            if self.container(container_id).status != "paused":
                raise
            with translated():
                self._connection.calls().unpause(container_id)

    def pause(self, container_id: str) -> None:
        try:
            with translated():
                self._connection.calls().pause(container_id)
        except EngineError:
            if self.container(container_id).status != "paused":
                raise

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

    def diff(self, container: str) -> list[Change]:
        with translated():
            found = self._connection.calls().diff(container) or []
        changes = (Change(kind=_KINDS[entry["Kind"]], path=str(entry["Path"])) for entry in found)
        return sorted(changes, key=lambda change: change.path)[:MAX_CHANGES]

    def stat(self, container: str, path: str) -> FileStat:
        with translated():
            client = self._connection.calls()
            answer = client.head(
                f"{client.base_url}/v{client.api_version}/containers/{container}/archive", params={"path": path}
            )
            raise_for_status(answer)
        return read_stat(answer.headers["X-Docker-Container-Path-Stat"])

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


def _require_ours(network: Mapping[str, Any], instance: str) -> None:
    if (network.get("Labels") or {}).get(LABEL_INSTANCE) != instance:
        raise Conflict(f"the network {network['Name']} belongs to somebody else")


def _disk(root: str) -> tuple[int, int]:
    """Total and free bytes where the engine keeps its data; zeros when that is on another machine."""
    if not root or not Path(root).is_dir():
        return 0, 0
    usage = shutil.disk_usage(root)
    return usage.total, usage.free
