"""Named volumes of the fake engine: each keeps the members of its archive by their paths."""

import io
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from runtime.contract.names import LABEL_INSTANCE
from runtime.engine.errors import BadRequest, Conflict, NotFound, WorkCancelled
from runtime.engine.fake_calls import FakeCalls
from runtime.engine.volumes import TOP, CountedVolume, Volume

PIECE = 512


@dataclass(slots=True)
class FakeVolume:
    """What is in a volume: a file has bytes."""

    labels: dict[str, str]
    members: dict[str, tuple[tarfile.TarInfo, bytes]] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, bytes]:
        """The plain files, by their path in the volume."""
        inside = self.members.items()
        return {path.removeprefix(f"{TOP}/"): data for path, (member, data) in inside if member.isreg()}


class FakeVolumes(FakeCalls):
    """See `Volumes`."""

    def __init__(self) -> None:
        super().__init__()
        self.volumes: dict[str, FakeVolume] = {}

    def _users(self, volume: str) -> int:
        """How many containers have it."""
        return 0

    def ensure_volume(self, name: str, *, labels: Mapping[str, str]) -> None:
        with self._call("ensure_volume", name):
            held = self.volumes.setdefault(name, FakeVolume(dict(labels)))
            _require_ours(name, held, labels[LABEL_INSTANCE])

    def volume(self, name: str) -> Volume:
        with self._call("volume", name):
            return Volume(name=name, labels=self._find_volume(name).labels)

    def remove_volume(self, name: str, *, instance: str) -> None:
        with self._call("remove_volume", name):
            held = self.volumes.get(name)
            if held is None:
                return
            _require_ours(name, held, instance)
            if self._users(name):
                raise Conflict("volume is in use")
            del self.volumes[name]

    def count_volumes(self, *, instance: str) -> list[CountedVolume]:
        with self._call("count_volumes", instance):
            return [
                CountedVolume(
                    volume=Volume(name=name, labels=held.labels),
                    size=sum(map(len, held.files.values())),
                    containers=self._users(name),
                )
                for name, held in sorted(self.volumes.items())
                if held.labels.get(LABEL_INSTANCE) == instance
            ]

    def read_volume(self, name: str, *, cancelled: Callable[[], bool], timeout: float) -> Iterator[bytes]:
        with self._call("read_volume", name):
            archive = _archive_of(self._find_volume(name))
        for start in range(0, len(archive), PIECE):
            if cancelled():
                raise WorkCancelled("it was cancelled")
            yield archive[start : start + PIECE]

    def write_volume(
        self, name: str, archive: Iterable[bytes], *, cancelled: Callable[[], bool], timeout: float
    ) -> None:
        held, pieces = self._find_volume(name), []
        for piece in archive:
            if cancelled():
                raise WorkCancelled("it was cancelled")
            pieces.append(piece)
        with self._call("write_volume", name):
            try:
                with tarfile.open(fileobj=io.BytesIO(b"".join(pieces)), mode="r:") as read:
                    for member in read:
                        file = read.extractfile(member) if member.isreg() else None
                        held.members[member.name] = (member, file.read() if file is not None else b"")
            except tarfile.TarError as error:
                raise BadRequest("this is no archive") from error

    def _find_volume(self, name: str) -> FakeVolume:
        if name not in self.volumes:
            raise NotFound(f"no such volume: {name}")
        return self.volumes[name]


def _archive_of(held: FakeVolume) -> bytes:
    """As the engine gives it: parents first, then by name."""
    made = io.BytesIO()
    root = tarfile.TarInfo(TOP)
    root.type, root.mode = tarfile.DIRTYPE, 0o755
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, (member, data) in sorted(({TOP: (root, b"")} | held.members).items()):
            member.name = path
            archive.addfile(member, io.BytesIO(data) if member.isreg() else None)
    return made.getvalue()


def _require_ours(name: str, held: FakeVolume, instance: str) -> None:
    if held.labels.get(LABEL_INSTANCE) != instance:
        raise Conflict(f"the volume {name} belongs to somebody else")
