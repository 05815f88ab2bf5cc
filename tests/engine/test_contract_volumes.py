"""What every engine promises about named volumes."""

import io
import tarfile
from collections.abc import Iterator
from dataclasses import replace

import pytest

from runtime.contract.container import VolumeMount
from runtime.contract.names import LABEL_INSTANCE
from runtime.engine.errors import BadRequest, Conflict, NotFound, WorkCancelled
from runtime.engine.volumes import TOP
from tests.engine.bench import Bench

LATER = 1_700_000_000


def volume(bench: Bench, name: str = "data") -> str:
    """One of this bench's instance."""
    made = f"slipway-{name}-{bench.instance}"
    bench.engine.ensure_volume(made, labels={LABEL_INSTANCE: bench.instance, "slipway.volume": "v1"})
    return made


@pytest.fixture(autouse=True)
def _volumes_go(bench: Bench) -> Iterator[None]:
    yield
    for container in bench.engine.list_managed(instance=bench.instance):
        bench.engine.remove(container.container_id)
    for name in ("data", "other", "third"):
        bench.engine.remove_volume(f"slipway-{name}-{bench.instance}", instance=bench.instance)


def packed(**files: str) -> list[bytes]:
    """An archive of a volume with these files, owned by somebody."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        root = tarfile.TarInfo(TOP)
        root.type, root.mode, root.uid, root.gid = tarfile.DIRTYPE, 0o750, 1234, 2345
        archive.addfile(root)
        for path, text in files.items():
            member = tarfile.TarInfo(f"{TOP}/{path}")
            member.size, member.mode, member.uid, member.gid = len(text.encode()), 0o640, 77, 88
            member.mtime = LATER
            archive.addfile(member, io.BytesIO(text.encode()))
        link = tarfile.TarInfo(f"{TOP}/link")
        link.type, link.linkname = tarfile.SYMTYPE, "nowhere"
        archive.addfile(link)
    return [made.getvalue()]


def write(bench: Bench, name: str, **files: str) -> None:
    bench.engine.write_volume(name, packed(**files), cancelled=lambda: False, timeout=60)


def read(bench: Bench, name: str) -> dict[str, tarfile.TarInfo]:
    pieces = bench.engine.read_volume(name, cancelled=lambda: False, timeout=60)
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces)), mode="r:") as archive:
        return {member.name: member for member in archive}


def test_a_volume_is_made_once_found_counted_and_removed(bench: Bench) -> None:
    name = volume(bench)
    assert volume(bench) == name
    assert bench.engine.volume(name).labels["slipway.volume"] == "v1"
    (counted,) = bench.engine.count_volumes(instance=bench.instance)
    assert (counted.volume.name, counted.containers) == (name, 0)
    assert bench.engine.count_volumes(instance="somebody-else") == []
    for _ in range(2):
        bench.engine.remove_volume(name, instance=bench.instance)
    with pytest.raises(NotFound):
        bench.engine.volume(name)


def test_somebody_elses_volume_is_neither_taken_nor_removed(bench: Bench) -> None:
    name = volume(bench)
    with pytest.raises(Conflict):
        bench.engine.ensure_volume(name, labels={LABEL_INSTANCE: "somebody-else"})
    with pytest.raises(Conflict):
        bench.engine.remove_volume(name, instance="somebody-else")
    assert bench.engine.volume(name).name == name


def test_what_is_written_is_read_with_owners_modes_and_times(bench: Bench) -> None:
    name = volume(bench)
    write(bench, name, a="hello", b="x" * 300_000)
    found = read(bench, name)
    assert set(found) == {TOP, f"{TOP}/a", f"{TOP}/b", f"{TOP}/link"}
    file = found[f"{TOP}/a"]
    assert (file.size, file.mode & 0o7777, file.uid, file.gid, int(file.mtime)) == (5, 0o640, 77, 88, LATER)
    assert (found[TOP].mode & 0o7777, found[TOP].uid, found[TOP].gid) == (0o750, 1234, 2345)
    assert found[f"{TOP}/link"].linkname == "nowhere"
    (counted,) = bench.engine.count_volumes(instance=bench.instance)
    assert counted.size is not None and counted.size >= 300_000


def test_a_container_has_it_and_it_outlives_the_container(bench: Bench) -> None:
    name = volume(bench)
    write(bench, name, a="hello")
    mounts = (VolumeMount(name="data", path="/data"),)
    plan = bench.plan("sleep", "300", volumes=mounts)
    with pytest.raises(NotFound):
        bench.engine.create(replace(plan, volumes={"data": f"{name}-not"}))
    container = bench.engine.create(replace(plan, volumes={"data": name}))
    bench.engine.start(container)
    with pytest.raises(Conflict):
        bench.engine.remove_volume(name, instance=bench.instance)
    (counted,) = bench.engine.count_volumes(instance=bench.instance)
    assert counted.containers == 1
    assert f"{TOP}/a" in read(bench, name)
    bench.engine.remove(container)
    assert f"{TOP}/a" in read(bench, name)


@pytest.mark.engine
def test_a_read_only_mount_is_one(docker: Bench) -> None:
    name = f"slipway-third-{docker.instance}"
    docker.engine.ensure_volume(name, labels={LABEL_INSTANCE: docker.instance})
    for read_only, code in ((True, 1), (False, 0)):
        mounts = (VolumeMount(name="data", path="/data", read_only=read_only),)
        plan = docker.plan("sh", "-c", "echo x > /data/f", volumes=mounts)
        container = docker.engine.create(replace(plan, volumes={"data": name}))
        docker.engine.start(container)
        assert docker.wait_over(container).exit_code == code
        docker.engine.remove(container)
    docker.engine.remove_volume(name, instance=docker.instance)


def test_what_is_no_archive_is_refused_and_one_that_breaks_off_says_why(bench: Bench) -> None:
    name = volume(bench)
    with pytest.raises(BadRequest):
        bench.engine.write_volume(name, [b"nonsense" * 200], cancelled=lambda: False, timeout=60)

    def breaks() -> Iterator[bytes]:
        yield packed(a="1")[0][:512]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        bench.engine.write_volume(name, breaks(), cancelled=lambda: False, timeout=60)
    with pytest.raises(WorkCancelled):
        bench.engine.write_volume(name, packed(a="1"), cancelled=lambda: True, timeout=60)
    with pytest.raises(WorkCancelled):
        list(bench.engine.read_volume(name, cancelled=lambda: True, timeout=60))
    bench.engine.remove_volume(name, instance=bench.instance)  # nothing holds it


def test_a_volume_that_is_not_there_is_not_found(bench: Bench) -> None:
    with pytest.raises(NotFound):
        list(bench.engine.read_volume("slipway-no-such", cancelled=lambda: False, timeout=60))
    with pytest.raises(NotFound):
        bench.engine.write_volume("slipway-no-such", packed(a="1"), cancelled=lambda: False, timeout=60)


def test_a_container_stands_still_and_goes_on(bench: Bench) -> None:
    container = bench.run()
    for _ in range(2):
        bench.engine.pause(container)
        assert bench.engine.container(container).status == "paused"
    for _ in range(2):
        bench.engine.start(container)
        assert bench.engine.container(container).status == "running"
    bench.engine.stop(container, timeout=0)
    with pytest.raises(Conflict):
        bench.engine.pause(container)
