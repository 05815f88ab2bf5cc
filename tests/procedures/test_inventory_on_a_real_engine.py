"""The packages of an image on a real Docker Engine: those that Debian's own tool tells; what rpm and apk keep."""

import gzip
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.contract.packages import unpack
from runtime.engine.docker import DockerEngine
from runtime.procedures.inventory import APK, DPKG, packed_packages
from runtime.procedures.rpm_packages import RPM
from tests.engine.bench import Bench, image_of
from tests.engine.dockerd import engine_address
from tests.procedures.rig import Told
from tests.procedures.test_inventory import INSTALLED

pytestmark = pytest.mark.engine

QUERY = ("dpkg-query", "--show", "--showformat", "${Package}\t${Version}\t${db:Status-Status}\n")


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Bench]:
    with engine_address() as address:
        bench = Bench(DockerEngine(address=address), tmp_path).set_up()
        yield bench
        bench.engine.untag(name(bench))
        bench.clean_up()


def name(bench: Bench) -> str:
    return f"slipway-test/{bench.instance}:packages"


def packages(bench: Bench, place: str, data: bytes) -> list[tuple[str, str]]:
    """Of an image that has this database at this place."""
    request = bench.request(f"COPY database {place}", tag=name(bench))
    (request.context / "database").write_bytes(data)
    told = Told()
    found = unpack(packed_packages(bench.engine, image_of(bench.build(request)), told))
    assert told.texts() == []
    return found


def test_a_debian_s_are_those_that_its_own_tool_tells(real: Bench) -> None:
    said = subprocess.run(QUERY, capture_output=True, text=True, check=True).stdout.splitlines()
    installed = {tuple(line.split("\t")[:2]) for line in said if line.endswith("\tinstalled")}
    assert set(packages(real, DPKG, Path(DPKG).read_bytes())) == installed and len(installed) > 50


@pytest.mark.parametrize("place", RPM)
def test_what_rpm_wrote_is_read(real: Bench, place: str) -> None:
    data = gzip.decompress(Path(__file__).with_name("rpmdb.sqlite.gz").read_bytes())
    assert packages(real, place, data) == [("crane", "2:1.2.3-4"), ("derrick", "0.9~rc1-4")]


@pytest.mark.parametrize("place", APK)
def test_what_apk_wrote_is_read(real: Bench, place: str) -> None:
    assert packages(real, place, INSTALLED.encode()) == [("busybox", "1.36.1-r5"), ("musl", "1.2.4-r2")]
