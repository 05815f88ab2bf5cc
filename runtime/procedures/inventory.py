"""Which packages an image holds, by the databases that dpkg, apk and rpm keep in it."""

from collections.abc import Iterator

from runtime.contract.packages import Package, pack
from runtime.engine.base import Engine
from runtime.engine.errors import EngineError
from runtime.procedures.ports import Reporter
from runtime.procedures.rpm_packages import RPM, read_rpm
from runtime.redaction import decode

DPKG = "/var/lib/dpkg/status"
DPKG_PARTS = "/var/lib/dpkg/status.d"  # a file per package, where there is no package manager
APK = ("/lib/apk/db/installed", "/usr/lib/apk/db/installed")
MAX_BYTES = 32 * 1024 * 1024  # of a database; rpm's holds the names of all files


def packed_packages(engine: Engine, image_id: str, reporter: Reporter) -> str:
    """As a report carries them; empty where there are none. That they cannot be read fails no build."""
    try:
        files = engine.files(image_id, [DPKG, DPKG_PARTS, *APK, *RPM], limit=MAX_BYTES)
    except EngineError as error:
        reporter.line("s", f"The image's packages could not be read: {error.message}")
        return ""
    return pack(package for path, data in files.items() for package in read_packages(path, data))


def read_packages(path: str, data: bytes) -> Iterator[Package]:
    """Name and version of what is installed, by the database that lies at this path."""
    if path in RPM:
        yield from read_rpm(data)
    elif path in APK:
        yield from _records(decode(data), name="P", version="V")
    elif path == DPKG or not path.endswith(".md5sums"):
        yield from _records(decode(data), name="Package", version="Version")


def _records(text: str, *, name: str, version: str) -> Iterator[Package]:
    """Blocks of `Key: value` parted by empty lines; what is continued begins with a space."""
    for block in text.split("\n\n"):
        fields = dict(line.partition(":")[::2] for line in block.split("\n") if not line.startswith((" ", "\t")))
        state = fields.get("Status", " install ok installed").split()
        if name in fields and version in fields and state[-1:] == ["installed"]:
            yield fields[name].strip(), fields[version].strip()
