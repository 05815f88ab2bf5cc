"""Bytes in any pieces become the same lines, none of them without bound."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.lines import MAX_LINE, LineCutter


def cut(pieces: list[bytes], *, limit: int = MAX_LINE) -> list[str]:
    cutter = LineCutter(limit=limit)
    lines = [line for piece in pieces for line in cutter.feed(piece)]
    return lines + cutter.end()


@given(st.lists(st.binary(max_size=12), max_size=12), st.integers(min_value=1, max_value=9))
def test_where_the_pieces_end_changes_nothing(pieces: list[bytes], limit: int) -> None:
    assert cut(pieces, limit=limit) == cut([b"".join(pieces)], limit=limit)


def test_the_last_line_needs_no_end_and_an_empty_one_counts() -> None:
    assert cut([b"one\r\n\ntwo"]) == ["one", "", "two"]
    assert cut([b""]) == []


def test_a_line_at_the_bound_is_whole_and_one_byte_more_is_told_of_in_its_place() -> None:
    before, after = b"before\n", b"\nafter\n"
    assert cut([before, b"x" * 8, after], limit=8) == ["before", "x" * 8, "after"]
    told = cut([before, b"x" * 5, b"x" * 4, after], limit=8)
    assert told == ["before", "(Slipway left out a line of 9 bytes; 8 are the most.)", "after"]


def test_of_an_endless_line_nothing_is_kept_in_memory() -> None:
    cutter = LineCutter(limit=1024)
    for _ in range(2000):
        assert cutter.feed(b"x" * 1024) == []
    assert sum(map(len, cutter._held)) <= 1024
    assert cutter.feed(b"\nnext\n")[1:] == ["next"]
