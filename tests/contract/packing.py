"""Archives as people and as attackers pack them."""

import gzip
import io
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from typing import Any

Entry = tuple[str, bytes | dict[str, Any]]  # a file's bytes, or what its header says
FILE: dict[str, Any] = {}
GOOD: tuple[Entry, ...] = (
    ("Dockerfile", b"FROM slipway/busybox:1\nCOPY app /app\n"),
    ("app/", {"type": tarfile.DIRTYPE}),
    ("app/run.sh", {"content": b"#!/bin/sh\necho hi\n", "mode": 0o755}),
    ("app/latest", {"type": tarfile.SYMTYPE, "linkname": "run.sh"}),
    ("app/again", {"type": tarfile.LNKTYPE, "linkname": "app/run.sh"}),
    ("app/caf\u00e9.txt", b"caf\xc3\xa9"),
)


def tar(entries: Iterable[Entry], *, form: int = tarfile.PAX_FORMAT) -> bytes:
    """Entries with the header fields that they name."""
    kept = io.BytesIO()
    with tarfile.open(fileobj=kept, mode="w", format=form) as archive:
        for name, given in entries:
            facts = {"content": given} if isinstance(given, bytes) else dict(given)
            content = facts.pop("content", b"")
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for key, value in facts.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(content))
    return kept.getvalue()


def tar_gz(entries: Iterable[Entry]) -> bytes:
    return gzip.compress(tar(entries), mtime=0)


def zipped(entries: Iterable[Entry]) -> bytes:
    """The same entries as a zip: links as those who write for Unix do it; what zip does not know is left out."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, given in entries:
            facts: dict[str, Any] = {"content": given} if isinstance(given, bytes) else given
            kind = facts.get("type", tarfile.REGTYPE)
            if kind == tarfile.LNKTYPE:
                continue
            info = zipfile.ZipInfo("x")
            info.filename = info.orig_filename = name
            mode = facts.get("mode", 0o644) | {tarfile.SYMTYPE: stat.S_IFLNK, tarfile.FIFOTYPE: stat.S_IFIFO,
                    tarfile.CHRTYPE: stat.S_IFCHR, tarfile.DIRTYPE: stat.S_IFDIR}.get(kind, stat.S_IFREG)  # fmt: skip
            info.external_attr = mode << 16
            info.create_system = 3
            info.compress_type = zipfile.ZIP_DEFLATED
            content = facts["linkname"].encode() if kind == tarfile.SYMTYPE else facts.get("content", b"")
            archive.writestr(info, content)
    return kept.getvalue()


PACKERS: dict[str, Callable[[Iterable[Entry]], bytes]] = {"tar": tar, "tar.gz": tar_gz, "zip": zipped}


def raw_header(name: bytes, *, size: bytes = b"00000000000", kind: bytes = b"0") -> bytes:
    """A header block with these very bytes and a right checksum."""
    block = bytearray(name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + size.ljust(12, b"\0"))
    block += b"00000000000\0" + b" " * 8 + kind + b"\0" * 100 + b"ustar\0" + b"00"
    block += b"\0" * (512 - len(block))
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def gzip_bomb(size: int) -> bytes:
    """A tar of one file of zeros that unpacks to `size` bytes, made without holding them."""
    kept = io.BytesIO()
    piece = bytes(1 << 20)
    with gzip.GzipFile(fileobj=kept, mode="wb", mtime=0) as file:
        file.write(raw_header(b"zeros", size=b"%011o" % size))
        for _ in range(size // len(piece)):
            file.write(piece)
        file.write(bytes(1024))
    return kept.getvalue()


# Each is refused, whoever reads it. What zip cannot say is for tar alone.
ATTACKS: dict[str, list[Entry]] = {
    "up": [("../x", b"")],
    "up in the middle": [("a/../../x", b"")],
    "absolute": [("/etc/x", b"")],
    "empty part": [("a//b", b"")],
    "dot part": [("a/./b", b"")],
    "backslash": [("..\\x", b"")],
    "drive": [("C:/x", b"")],
    "newline": [("a\nb", b"")],
    "escape": [("a\x1b[2Jb", b"")],
    "right to left": [("evil\u202etxt.sh", b"")],
    "beyond the plane": [("\U0001f600", b"")],
    "device name": [("a/CON", b"")],
    "device name in small": [("nul", b"")],
    "space at the end": [("a /b", b"")],
    "4 kB name": [("x" * 4096, b"")],
    "4 kB path": [("/".join(["x" * 100] * 40), b"")],
    "deep": [("/".join("a" * 60), b"")],
    "no text": [("a\udcffb", b"")],
    "link up": [("out", {"type": tarfile.SYMTYPE, "linkname": "../x"})],
    "link up from below": [("a/out", {"type": tarfile.SYMTYPE, "linkname": "../../x"})],
    "absolute link": [("out", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"})],
    "empty link": [("out", {"type": tarfile.SYMTYPE, "linkname": ""})],
    "link with an end of line": [("out", {"type": tarfile.SYMTYPE, "linkname": "a\nb"})],
    "link through a link": [
        ("x/y/root", {"type": tarfile.SYMTYPE, "linkname": "../.."}),
        ("out", {"type": tarfile.SYMTYPE, "linkname": "x/y/root/../../.."}),
    ],
    "file below a link": [("a", {"type": tarfile.SYMTYPE, "linkname": "."}), ("a/x", b"")],
    "link where a folder is": [("a/x", b""), ("a", {"type": tarfile.SYMTYPE, "linkname": "."})],
    "file below a file": [("a", b""), ("a/x", b"")],
    "twice": [("a", b"1"), ("a", b"2")],
    "twice by its spelling": [("./a", b"1"), ("a", b"2")],
    "file where a link is": [("a", {"type": tarfile.SYMTYPE, "linkname": "b"}), ("a", b"")],
    "set-user-ID": [("a", {"content": b"x", "mode": 0o4755})],
    "set-group-ID": [("a", {"content": b"x", "mode": 0o2755})],
    "pipe": [("a", {"type": tarfile.FIFOTYPE})],
    "device": [("a", {"type": tarfile.CHRTYPE})],
    "nothing in it": [],
}  # fmt: skip
TAR_ATTACKS: dict[str, list[Entry]] = {
    "hard link up": [("a", {"type": tarfile.LNKTYPE, "linkname": "../x"})],
    "absolute hard link": [("a", {"type": tarfile.LNKTYPE, "linkname": "/etc/passwd"})],
    "hard link to nothing": [("a", {"type": tarfile.LNKTYPE, "linkname": "b"}), ("b", b"")],
    "hard link to a link": [
        ("l", {"type": tarfile.SYMTYPE, "linkname": "x"}),
        ("a", {"type": tarfile.LNKTYPE, "linkname": "l"}),
    ],
    "block device": [("a", {"type": tarfile.BLKTYPE})],
    "sparse": [("a", {"content": b"", "pax_headers": {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}})],
    "unknown kind": [("a", {"type": b"Z"})],
}
