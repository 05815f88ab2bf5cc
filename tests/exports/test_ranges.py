"""Which bytes a download asks for."""

import pytest

from webapp.ranges import OutOfRange, asked


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("", None),
        ("bytes=0-0", (0, 0)),
        ("bytes=10-", (10, 99)),
        ("bytes=10-19", (10, 19)),
        ("bytes=90-500", (90, 99)),
        ("bytes=-5", (95, 99)),
        ("bytes=-500", (0, 99)),
        ("bytes=9-3", None),
        ("bytes=-", None),
        ("bytes=0-1,5-6", None),
        ("lines=0-1", None),
        ("bytes=" + "9" * 40 + "-", None),
    ],
)
def test_one_range_is_served_and_what_is_none_is_overlooked(header: str, part: tuple[int, int] | None) -> None:
    assert asked(header, size=100) == part


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_what_is_not_there_is_refused(header: str) -> None:
    with pytest.raises(OutOfRange):
        asked(header, size=100)
