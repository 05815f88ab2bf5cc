"""An archive is refused as a whole for what one member of it could do; what is good is read as it was packed."""

import gzip
import io
import tarfile
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.contract.archives.rules import MIB, ArchiveRefused, Bounds, Format, Ledger, Member
from runtime.contract.archives.walking import check, format_of, walk
from tests.contract.packing import (
    ATTACKS,
    GOOD,
    PACKERS,
    TAR_ATTACKS,
    Entry,
    gzip_bomb,
    raw_header,
    tar,
    tar_gz,
    zipped,
)

EVERY = [(name, packer) for packer in PACKERS for name in ATTACKS if (name, packer) != ("no text", "zip")]
SMALL = Bounds(entries=50, bytes=4 * MIB, ratio=100, free=MIB)


pytestmark = pytest.mark.filterwarnings("ignore:Duplicate name")  # the packer's, and meant


def read(data: bytes, *, bounds: Bounds = SMALL, form: Format | None = None) -> dict[str, tuple[Member, bytes]]:
    file = io.BytesIO(data)
    ledger = Ledger(packed=len(data), bounds=bounds)
    found = walk(file, form=form or format_of(file), ledger=ledger)
    return {member.path: (member, b"".join(content)) for member, content in found}


@pytest.mark.parametrize("packer", PACKERS)
def test_a_good_archive_is_read_as_it_was_packed(packer: str) -> None:
    found = read(PACKERS[packer](GOOD))
    assert found["Dockerfile"][1].startswith(b"FROM")
    assert found["app/run.sh"][0].executable and not found["Dockerfile"][0].executable
    assert found["app/latest"][0].target == "run.sh" and found["app/caf\u00e9.txt"][1].decode() == "caf\u00e9"
    assert ("app/again" in found) == (packer != "zip")


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_names_are_read_in_both_spellings(form: int) -> None:
    long, deep = "n" * 180, "/".join(["folder"] * 40)
    link = (f"{deep}/link", {"type": tarfile.SYMTYPE, "linkname": "../" + "f" * 120})
    found = read(tar([(long, b"1"), (f"{deep}/x", b"2"), link], form=form))
    assert found[long][1] == b"1" and found[f"{deep}/x"][1] == b"2" and found[f"{deep}/link"][0].target.endswith("fff")


def test_a_folder_packed_from_within_is_its_own_root() -> None:
    assert set(read(tar([("./", {"type": tarfile.DIRTYPE}), ("./a", b""), ("./b/c", b"")]))) == {"a", "b/c"}


def test_several_gzip_members_are_one_archive() -> None:
    whole = tar([("a", b"x" * 5000), ("b", b"y")])
    data = gzip.compress(whole[:3000]) + gzip.compress(whole[3000:])
    assert read(data)["b"][1] == b"y"


@pytest.mark.parametrize(("name", "packer"), EVERY)
def test_what_could_do_harm_is_refused(name: str, packer: str) -> None:
    with pytest.raises(ArchiveRefused) as refused:
        read(PACKERS[packer](ATTACKS[name]))
    assert str(refused.value).isprintable() and len(str(refused.value)) < 400


@pytest.mark.parametrize("name", TAR_ATTACKS)
def test_what_only_tar_can_do_is_refused(name: str) -> None:
    with pytest.raises(ArchiveRefused):
        read(tar(TAR_ATTACKS[name]))


def test_a_name_that_ends_at_a_nul_for_some_is_refused() -> None:
    data = zipped([("aXb", b"")]).replace(b"aXb", b"a\0b")
    with pytest.raises(ArchiveRefused):
        read(data)
    with pytest.raises(ArchiveRefused):
        read(tar([("a", {"pax_headers": {"path": "a\0b"}})]))


def test_a_gzip_bomb_is_stopped_by_what_it_unpacks_to() -> None:
    bomb = gzip_bomb(64 * MIB)
    assert len(bomb) < 100_000
    with pytest.raises(ArchiveRefused) as refused:
        read(bomb)
    assert refused.value.too_large


def test_ten_gigabytes_of_zeros_take_neither_time_nor_memory() -> None:
    """The header says so much, and is believed to its own harm; a zip's directory likewise."""
    said = gzip.compress(raw_header(b"zeros", size=b"\x80" + (10 << 30).to_bytes(11, "big")))
    begun = time.monotonic()
    with pytest.raises(ArchiveRefused) as refused:
        read(said, bounds=Bounds())
    assert refused.value.too_large and time.monotonic() - begun < 1


def test_a_zip_bomb_is_stopped_by_its_ratio() -> None:
    with pytest.raises(ArchiveRefused) as refused:
        read(zipped([("zeros", bytes(3 * MIB))]))
    assert refused.value.too_large


def test_hard_links_to_a_large_file_count_as_often_as_they_are_there() -> None:
    many: list[Entry] = [
        ("a", b"\x01" * MIB),
        *((f"l{at}", {"type": tarfile.LNKTYPE, "linkname": "a"}) for at in range(5)),
    ]
    with pytest.raises(ArchiveRefused) as refused:
        read(tar(many))
    assert refused.value.too_large


@pytest.mark.parametrize("packer", PACKERS)
def test_more_entries_than_allowed_are_too_many_also_folders_that_are_only_meant(packer: str) -> None:
    for names in ([f"f{at}" for at in range(51)], [f"{at}/b/c/d/e/f" for at in range(12)]):
        with pytest.raises(ArchiveRefused) as refused:
            read(PACKERS[packer]([(name, b"") for name in names]))
        assert refused.value.too_large


def test_a_root_that_is_repeated_for_ever_is_no_way_round_the_count() -> None:
    with pytest.raises(ArchiveRefused):
        read(tar([("./", {"type": tarfile.DIRTYPE})] * 3 + [("a", b"")]))


@pytest.mark.parametrize("kind", [b"x", b"g", b"L", b"K"])
def test_an_extended_header_of_any_size_is_not_read_into_memory(kind: bytes) -> None:
    data = gzip.compress(raw_header(b"x", size=b"%011o" % (200 * MIB), kind=kind) + bytes(4 * MIB))
    tracemalloc.start()
    with pytest.raises(ArchiveRefused):
        read(data, bounds=Bounds())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * MIB


def test_headers_that_are_extended_for_ever_are_refused() -> None:
    with pytest.raises(ArchiveRefused):
        read(raw_header(b"x", kind=b"x") * 100)


@pytest.mark.parametrize(
    "record",
    [b"999999 path=x\n", b"0 path=x\n", b"x", b"1" * 60_000, b"-5 path=x\n", b"13 size=-512\n"],
)
def test_an_extension_that_cannot_be_read_is_refused_at_once(record: bytes) -> None:
    padded = record + bytes(-len(record) % 512)
    begun = time.monotonic()
    with pytest.raises(ArchiveRefused):
        read(raw_header(b"x", size=b"%011o" % len(record), kind=b"x") + padded + raw_header(b"a") + bytes(1024))
    assert time.monotonic() - begun < 1


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(ArchiveRefused):
        read(raw_header(b"a", size=b"\xff" * 12) + bytes(1024))


@pytest.mark.parametrize("packer", PACKERS)
def test_an_archive_that_is_cut_off_anywhere_is_refused(packer: str) -> None:
    whole = PACKERS[packer](GOOD)
    end = len(whole) if packer != "tar" else whole.rstrip(b"\0").__len__()
    for cut in range(1, end, max(1, end // 60)):
        with pytest.raises(ArchiveRefused):
            read(whole[:cut])


@settings(deadline=None, max_examples=150)
@given(packer=st.sampled_from(sorted(PACKERS)), at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_byte_that_was_changed_is_refused_or_harmless(packer: str, at: int, byte: int) -> None:
    data = bytearray(PACKERS[packer](GOOD))
    data[at % len(data)] = byte
    try:
        found = read(bytes(data))
    except ArchiveRefused:
        return
    for member, _ in found.values():
        assert not member.path.startswith("/") and ".." not in member.path.split("/")


def test_what_is_no_archive_is_refused() -> None:
    for data in (
        b"",
        b"hello",
        b"\x1f\x8b",
        gzip.compress(b"hello"),
        bytes(2048),
        b"7z\xbc\xaf\x27\x1c",
        b"PK\x03\x04",
    ):
        with pytest.raises(ArchiveRefused):
            read(data)


def test_an_encrypted_zip_is_refused() -> None:
    data = bytearray(zipped([("a", b"x")]))
    for start in (data.index(b"PK\x03\x04") + 6, data.index(b"PK\x01\x02") + 8):
        data[start] |= 1
    with pytest.raises(ArchiveRefused, match="encrypted"):
        read(bytes(data))


def test_a_zip_packed_in_an_unusual_way_is_refused() -> None:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a", "x")
    with pytest.raises(ArchiveRefused, match="deflate"):
        read(kept.getvalue())


def test_a_zip_whose_directory_lies_about_names_is_refused() -> None:
    data = zipped([("abc", b"x")])
    with pytest.raises(ArchiveRefused):
        read(data.replace(b"abc", b"abd", 1))


def test_names_that_differ_by_case_only_are_told() -> None:
    ledger = Ledger(packed=1, bounds=Bounds())
    check(io.BytesIO(tar([("README", b""), ("readme", b"")])), form="tar", ledger=ledger)
    assert ledger.notes == ["readme differs from another name by its case only."]


def test_a_nested_archive_is_a_file() -> None:
    inner = tar_gz(ATTACKS["up"])
    assert read(tar([("inner.tar.gz", inner)]))["inner.tar.gz"][1] == inner


def test_whoever_waits_can_end_the_reading() -> None:
    class Enough(Exception):
        pass

    def tick() -> None:
        raise Enough

    with pytest.raises(Enough):
        check(io.BytesIO(tar(GOOD)), form="tar", ledger=Ledger(packed=1, bounds=Bounds(), tick=tick))


@pytest.mark.thorough
def test_a_large_archive_is_checked_in_little_memory(tmp_path: Path) -> None:
    entries: list[Entry] = [(f"folder{at % 100}/file{at}", b"x") for at in range(20_000)]
    for name in PACKERS:
        place = tmp_path / "archive"
        place.write_bytes(PACKERS[name](entries))
        tracemalloc.start()
        with place.open("rb") as file:
            check(file, form=format_of(file), ledger=Ledger(packed=place.stat().st_size, bounds=Bounds()))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 40 * MIB, name
