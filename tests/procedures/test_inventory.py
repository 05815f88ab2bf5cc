"""Which packages an image holds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.contract import packages
from runtime.contract.packages import pack, unpack
from runtime.engine.errors import EngineUnavailable
from runtime.engine.fake import FakeEngine
from runtime.engine.fake_calls import Trouble
from runtime.procedures.inventory import APK, DPKG, packed_packages, read_packages
from tests.procedures.rig import Told

STATUS = """\
Package: zlib1g
Status: install ok installed
Depends: libc6
Description: compression library
 of many lines
 .
 Version: not this one
Version: 1:1.2.13-1

Package: gone
Status: deinstall ok config-files
Version: 3

Package: base-files
Status: install ok installed
Version: 12.4+deb12u5
"""
INSTALLED = "C:Q1abc=\nP:musl\nV:1.2.4-r2\nA:x86_64\nF:lib\nR:libc.so\n\nP:busybox\nV:1.36.1-r5\n"
WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)


def test_what_debian_keeps_is_read_without_what_was_removed() -> None:
    assert list(read_packages(DPKG, STATUS.encode())) == [("zlib1g", "1:1.2.13-1"), ("base-files", "12.4+deb12u5")]


def test_what_alpine_keeps_is_read() -> None:
    assert list(read_packages(APK[0], INSTALLED.encode())) == [("musl", "1.2.4-r2"), ("busybox", "1.36.1-r5")]


def test_an_image_without_a_package_manager_has_a_file_per_package() -> None:
    engine = FakeEngine()
    engine.inside = {
        "/var/lib/dpkg/status.d/tzdata": b"Package: tzdata\nVersion: 2024a\n",
        "/var/lib/dpkg/status.d/tzdata.md5sums": b"Package: no\nVersion: 1\n",
        "/etc/passwd": b"Package: no\nVersion: 1\n",
    }
    image = engine.add_image(tag="a:1")
    assert unpack(packed_packages(engine, image.image_id, Told())) == [("tzdata", "2024a")]


def test_that_they_cannot_be_read_is_said_and_fails_nothing() -> None:
    engine, told = FakeEngine(), Told()
    image = engine.add_image(tag="a:1")
    engine.trouble.append(Trouble(call="files", error=EngineUnavailable("gone")))
    assert packed_packages(engine, image.image_id, told) == ""
    assert told.texts() == ["The image's packages could not be read: gone"]


@settings(deadline=None)
@given(st.lists(st.tuples(WORDS, WORDS), max_size=30))
def test_what_is_packed_is_unpacked_in_the_order_of_names(given_: list[tuple[str, str]]) -> None:
    assert unpack(pack(given_)) == sorted(set(given_))


@settings(deadline=None)
@given(st.text(max_size=200))
def test_of_anything_else_nothing_comes(text: str) -> None:
    assert all(name and version for name, version in unpack(text))


def test_it_has_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [(f"package-{number:05}", f"1.{number * 7919}") for number in range(packages.MAX_PACKAGES + 10)]
    assert len(unpack(pack(many))) == packages.MAX_PACKAGES
    monkeypatch.setattr(packages, "MAX_PACKED", 2000)
    few = unpack(pack(many))
    assert 0 < len(few) < packages.MAX_PACKAGES and few == many[: len(few)]
    monkeypatch.setattr(packages, "MAX_BYTES", 10)
    assert len(unpack(pack(many))) <= 1
    assert pack([("a b", "1"), ("a", "x" * 121), ("", "1"), ("ä", "1"), ("a\nb", "1")]) == ""
