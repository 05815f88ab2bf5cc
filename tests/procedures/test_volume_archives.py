"""Volumes into archives and back: every byte, owner and mode; nothing that cannot be restored; nobody writes then."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.contract.names import LABEL_INSTANCE, LABEL_VOLUME, volume_name
from runtime.contract.orders import BackupVolume, RemoveVolume, RestoreVolume
from runtime.contract.reports import VolumeArchived
from runtime.engine.base import Engine
from runtime.engine.docker import DockerEngine
from runtime.engine.errors import EngineUnavailable, NotFound
from runtime.engine.fake import FakeEngine
from runtime.engine.fake_calls import Trouble
from runtime.engine.volumes import TOP
from runtime.procedures.backup_volume import backup_volume
from runtime.procedures.ports import Cancelled, ProcedureError
from runtime.procedures.remove_volume import remove_volume
from runtime.procedures.restore_volume import restore_volume
from tests.engine.dockerd import engine_address
from tests.procedures.rig import ENVIRONMENT, INSTANCE, SERVICE, Harbour, Told, order

LIMIT = 10_000_000


class Shelf:
    """Where pieces go and archives come from: the control plane, as far as procedures know it."""

    def __init__(self) -> None:
        self.data = b""

    def take(self, offset: int, piece: bytes) -> None:
        assert offset == len(self.data)
        self.data += piece

    def fetch(self, digest: str, *, size: int, into: Path, meanwhile: Callable[[], None]) -> None:
        meanwhile()
        assert (len(self.data), f"sha256:{hashlib.sha256(self.data).hexdigest()}") == (size, digest)
        into.write_bytes(self.data)


def member(path: str, data: bytes | None = None, **more: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(f"{TOP}/{path}" if path else TOP)
    info.mode, info.uid, info.gid, info.mtime = 0o640, 101, 102, 1_700_000_000
    info.size = len(data or b"")
    for name, value in more.items():
        setattr(info, name, value)
    return info, data or b""


def archive(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as written:
        for info, data in members:
            written.addfile(info, io.BytesIO(data) if info.isreg() else None)
    return made.getvalue()


def named(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = 1
    return info


ROOT = member("", type=tarfile.DIRTYPE, mode=0o750, uid=999)
USUAL = (
    ROOT,
    member("a file with spaces ", b"hello"),
    member("d", type=tarfile.DIRTYPE, mode=0o2770),
    member("d/big", b"x" * 200_000, mode=0o400, uid=3_000_000),
    member("d/ünï\U0001f600", b"1"),
    member("link", type=tarfile.SYMTYPE, linkname="d/big"),
    member("twin", type=tarfile.LNKTYPE, linkname=f"{TOP}/d/big", mode=0o400, uid=3_000_000),
)


def filled(engine: Engine, volume: str = "v1", data: bytes = b"") -> None:
    name = volume_name(name="data", volume=volume)
    engine.ensure_volume(name, labels={LABEL_INSTANCE: INSTANCE, LABEL_VOLUME: volume})
    engine.write_volume(name, [data or archive(*USUAL)], cancelled=lambda: False, timeout=60)


def back_up(engine: Engine, shelf: Shelf, told: Told | None = None, **more: Any) -> VolumeArchived:
    given: dict[str, Any] = {"service": SERVICE, "environment": ENVIRONMENT, "limit": LIMIT, **more}
    return backup_volume(
        BackupVolume(volume="v1", name="data", **given),
        engine=engine,
        reporter=told or Told(),
        instance=INSTANCE,
        send=shelf.take,
    )


def restoring(packed: VolumeArchived, **more: Any) -> RestoreVolume:
    facts: dict[str, Any] = {name: getattr(packed, name) for name in ("digest", "size", "entries", "unpacked", "tree")}
    return RestoreVolume(volume="v2", name="data", project="p", environment=ENVIRONMENT, **{**facts, **more})


def restore(engine: Engine, shelf: Shelf, wanted: RestoreVolume, folder: Path, told: Told | None = None) -> None:
    restore_volume(wanted, engine=engine, reporter=told or Told(), instance=INSTANCE, workdir=folder, blobs=shelf)


def content(engine: Engine, volume: str) -> list[tuple[object, ...]]:
    """Everything in it that matters."""
    name = volume_name(name="data", volume=volume)
    read = b"".join(engine.read_volume(name, cancelled=lambda: False, timeout=60))
    found = []
    with tarfile.open(fileobj=io.BytesIO(read), mode="r:") as opened:
        for info in opened:
            file = opened.extractfile(info) if info.isreg() else None
            said = (info.name, info.type, info.mode & 0o7777, info.uid, info.gid, info.linkname)
            found.append((*said, file.read() if file else b""))
    return sorted(found, key=str)


def gone(engine: Engine, volume: str) -> bool:
    try:
        engine.volume(volume_name(name="data", volume=volume))
    except NotFound:
        return True
    return False


@pytest.fixture
def docker() -> Iterator[DockerEngine]:
    with engine_address() as address:
        engine = DockerEngine(address=address)
        try:
            yield engine
        finally:
            for volume in ("v1", "v2"):
                engine.remove_volume(volume_name(name="data", volume=volume), instance=INSTANCE)
            engine.close()


def check_there_and_back(engine: Engine, folder: Path) -> None:
    filled(engine)
    shelf = Shelf()
    packed = back_up(engine, shelf)
    assert packed.entries == 7 and packed.unpacked == 400_006
    with tarfile.open(fileobj=io.BytesIO(shelf.data), mode="r:gz") as plain:
        assert TOP in plain.getnames()
    restore(engine, shelf, restoring(packed), folder)
    assert content(engine, "v2") == content(engine, "v1")
    again = Shelf()
    assert back_up(engine, again) == packed and again.data == shelf.data
    assert list(folder.iterdir()) == []


def test_what_was_packed_is_what_is_restored(tmp_path: Path) -> None:
    check_there_and_back(FakeEngine(), tmp_path)


@pytest.mark.engine
def test_what_was_packed_is_what_is_restored_by_a_real_engine(docker: DockerEngine, tmp_path: Path) -> None:
    check_there_and_back(docker, tmp_path)


@pytest.mark.engine
def test_a_real_engine_leaves_nothing_of_an_archive_that_is_not_what_was_said(
    docker: DockerEngine, tmp_path: Path
) -> None:
    filled(docker)
    shelf = Shelf()
    packed = back_up(docker, shelf)
    for lie in ({"tree": f"sha256:{'0' * 64}"}, {"unpacked": 100}, {"entries": 3}):
        with pytest.raises(ProcedureError):
            restore(docker, shelf, restoring(packed, **lie), tmp_path)
        assert gone(docker, "v2")


@pytest.mark.parametrize("lie", [{"tree": f"sha256:{'0' * 64}"}, {"unpacked": 100}, {"entries": 3}])
def test_an_archive_that_is_not_what_was_said_leaves_no_volume(lie: dict[str, Any], tmp_path: Path) -> None:
    engine, shelf = FakeEngine(), Shelf()
    filled(engine)
    packed = back_up(engine, shelf)
    with pytest.raises(ProcedureError) as refused:
        restore(engine, shelf, restoring(packed, **lie), tmp_path)
    assert refused.value.problem.code == "volume_not_restored" and gone(engine, "v2")


HOSTILE = {
    "up": (ROOT, member("../../etc/passwd", b"x")),
    "absolute": (ROOT, (member("x", b"x")[0], b"x"), member("y", type=tarfile.SYMTYPE, linkname="/etc")),
    "link out": (ROOT, member("y", type=tarfile.SYMTYPE, linkname="../../x")),
    "through a link": (ROOT, member("y", type=tarfile.SYMTYPE, linkname="x"), member("y/z", b"1")),
    "twin out": (ROOT, member("y", type=tarfile.LNKTYPE, linkname="etc/passwd")),
    "device": (ROOT, member("y", type=tarfile.CHRTYPE)),
    "pipe": (ROOT, member("y", type=tarfile.FIFOTYPE)),
    "setuid": (ROOT, member("y", b"x", mode=0o4755)),
    "twice": (ROOT, member("y", b"x"), member("y", b"x")),
    "beside": (ROOT, (named("elsewhere"), b"x")),
    "long": (ROOT, member("n" * 4000, b"x")),
}


@pytest.mark.parametrize("members", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_no_volume_may_hold_is_refused_on_its_way_into_one(
    members: tuple[tuple[tarfile.TarInfo, bytes], ...], tmp_path: Path
) -> None:
    shelf, engine = Shelf(), FakeEngine()
    shelf.data = gzip.compress(archive(*members))
    wanted = RestoreVolume(
        volume="v2",
        name="data",
        project="p",
        environment=ENVIRONMENT,
        digest=f"sha256:{hashlib.sha256(shelf.data).hexdigest()}",
        size=len(shelf.data),
        entries=len(members),
        unpacked=1000,
        tree=f"sha256:{'0' * 64}",
    )
    with pytest.raises(ProcedureError) as refused:
        restore(engine, shelf, wanted, tmp_path)
    assert refused.value.problem.code == "volume_not_restored" and gone(engine, "v2")
    assert "not what was packed" not in refused.value.problem.message


def test_a_damaged_archive_and_a_bomb_are_refused(tmp_path: Path) -> None:
    engine, shelf = FakeEngine(), Shelf()
    for data, unpacked in ((gzip.compress(archive(*USUAL))[:-40], 300_000), (gzip.compress(bytes(50_000_000)), 1000)):
        shelf.data = data
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        wanted = RestoreVolume(
            volume="v2", name="data", project="p", environment=ENVIRONMENT, digest=digest, size=len(data),
            entries=7, unpacked=unpacked, tree=digest,
        )  # fmt: skip
        with pytest.raises(ProcedureError):
            restore(engine, shelf, wanted, tmp_path)
        assert gone(engine, "v2")


def test_what_could_not_be_restored_is_not_packed() -> None:
    engine = FakeEngine()
    filled(engine, data=archive(ROOT, member("sock", type=tarfile.FIFOTYPE)))
    with pytest.raises(ProcedureError, match="could be restored") as refused:
        back_up(engine, Shelf())
    assert "sock" in refused.value.problem.message and refused.value.problem.whose == "user"


def test_a_volume_beyond_the_limit_is_refused() -> None:
    engine = FakeEngine()
    filled(engine)
    with pytest.raises(ProcedureError):
        back_up(engine, Shelf(), limit=100_000)


def test_a_volume_that_is_gone_or_another_is_not_packed() -> None:
    engine = FakeEngine()
    with pytest.raises(ProcedureError) as refused:
        back_up(engine, Shelf())
    assert refused.value.problem.code == "volume_missing"
    name = volume_name(name="data", volume="v1")
    engine.ensure_volume(name, labels={LABEL_INSTANCE: INSTANCE, LABEL_VOLUME: "other"})
    with pytest.raises(ProcedureError):
        back_up(engine, Shelf())


@pytest.mark.parametrize(("quiesce", "held"), [("pause", "paused"), ("stop", "exited"), ("none", "running")])
def test_nobody_writes_meanwhile_and_all_go_on_afterwards(quiesce: str, held: str) -> None:
    harbour = Harbour()
    harbour.converge(order(harbour.image()))
    filled(harbour.engine)
    (container,) = harbour.here()
    seen = []

    class Looking(Shelf):
        def take(self, offset: int, piece: bytes) -> None:
            super().take(offset, piece)
            seen.append(harbour.engine.containers[container.container_id].status)

    back_up(harbour.engine, Looking(), quiesce=quiesce, containers=(container.container_id,))
    assert set(seen) == {held}
    assert harbour.engine.container(container.container_id).status == "running"


@pytest.mark.parametrize("quiesce", ["pause", "stop"])
def test_they_go_on_after_a_failure_a_cancel_and_a_worker_that_died(quiesce: str) -> None:
    harbour = Harbour()
    harbour.converge(order(harbour.image()))
    filled(harbour.engine)
    (container,) = harbour.here()
    asked: dict[str, Any] = {"quiesce": quiesce, "containers": (container.container_id,)}

    def running() -> bool:
        return harbour.engine.container(container.container_id).status == "running"

    with pytest.raises(ProcedureError):
        back_up(harbour.engine, Shelf(), limit=10, **asked)
    assert running()
    with pytest.raises(Cancelled):
        back_up(harbour.engine, Shelf(), Told(stop_at_step="Send"), **asked)
    assert running()

    class Death(BaseException):
        """Of the worker."""

    def dies(verb: str) -> None:
        if verb in ("read_volume", "start"):
            raise Death

    harbour.engine.before_call = dies
    with pytest.raises(Death):
        back_up(harbour.engine, Shelf(), **asked)
    harbour.engine.before_call = None
    assert not running()
    back_up(harbour.engine, Shelf(), **asked)
    assert running()


def test_only_containers_of_the_order_stand_still() -> None:
    harbour = Harbour()
    harbour.converge(order(harbour.image()))
    filled(harbour.engine)
    (container,) = harbour.here()
    with pytest.raises(ProcedureError) as refused:
        back_up(harbour.engine, Shelf(), quiesce="stop", containers=(container.container_id,), environment="another")
    assert refused.value.problem.code == "container_gone" and harbour.running() == ["r1"]


def test_a_cancelled_or_broken_restoration_leaves_no_volume(tmp_path: Path) -> None:
    engine, shelf = FakeEngine(), Shelf()
    filled(engine)
    packed = back_up(engine, shelf)
    with pytest.raises(Cancelled):
        restore(engine, shelf, restoring(packed), tmp_path, Told(stop_at_step="Lay the data"))
    assert gone(engine, "v2")
    engine.trouble.append(Trouble(call="write_volume", error=EngineUnavailable("away")))
    with pytest.raises(ProcedureError):
        restore(engine, shelf, restoring(packed), tmp_path)
    assert gone(engine, "v2")
    filled(engine, "v2", archive(ROOT, member("left", b"by an attempt that died")))
    restore(engine, shelf, restoring(packed), tmp_path)
    assert content(engine, "v2") == content(engine, "v1")


def test_a_volume_is_removed_once_and_never_from_under_a_container() -> None:
    harbour = Harbour()
    filled(harbour.engine)
    wanted = RemoveVolume(volume="v1", name="data")
    for _ in range(2):
        remove_volume(wanted, engine=harbour.engine, reporter=Told(), instance=INSTANCE)
    assert gone(harbour.engine, "v1")
