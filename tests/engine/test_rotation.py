"""A log whose file is changed for a new one while it is followed, as an engine of Debian 12 tells it."""

from collections.abc import Iterator
from typing import Any

import pytest

from runtime.engine.docker_streams import DockerLogStream
from runtime.engine.errors import EngineUnavailable
from runtime.engine.rotation import SHORTEST_FILE_NS, Rotation
from runtime.engine.values import LogEntry
from tests.engine.test_frames import SECOND, frame

STEP = 1_000_000


class Told:
    """One answer of the engine."""

    def __init__(self, *numbers: int) -> None:
        self._numbers = numbers

    def __iter__(self) -> Iterator[bytes]:
        for number in self._numbers:
            yield frame(str(number), nanosecond=number * STEP)

    def close(self) -> None:
        """Nothing is held."""


def followed(*answers: Told) -> tuple[list[str], list[tuple[int, bool]]]:
    """What comes out of these answers, and how each was asked for: after which number, followed or not."""
    asked: list[tuple[int, bool]] = []
    waiting = list(answers)

    def opener(after_ns: int, following: bool) -> Any:
        asked.append(((after_ns + 1 - SECOND) // STEP if after_ns else 0, following))
        return waiting.pop(0)

    entries: list[LogEntry] = [entry for batch in DockerLogStream(opener, since_ns=0, follow=True) for entry in batch]
    assert not waiting
    return [entry.text for entry in entries], asked


def test_an_end_that_comes_too_early_is_read_on() -> None:
    texts, asked = followed(Told(1, 2), Told(2, 3), Told(3, 4, 5))
    assert texts == ["1", "2", "3", "4", "5"]
    assert asked == [(0, False), (2, True), (3, False)]


def test_lines_that_are_told_again_are_not_taken_again() -> None:
    texts, asked = followed(Told(1), Told(1, 2, 3, 2, 3, 4), Told(3, 4), Told(4, 5), Told(5))
    assert texts == ["1", "2", "3", "4", "5"]
    assert [following for _, following in asked] == [False, True, False, True, False]


def test_a_single_line_told_again_is_not_taken_again() -> None:
    texts, _ = followed(Told(1), Told(1, 2, 2), Told(2, 3), Told(3), Told(3))
    assert texts == ["1", "2", "3"]


def test_a_file_that_was_left_out_is_read_before_what_follows_it() -> None:
    texts, _ = followed(Told(1), Told(1, 2, 900), Told(2, 3, 900), Told(900), Told(900))
    assert texts == ["1", "2", "3", "900"]


def test_lines_that_the_engine_has_let_go_of_are_said_to_be_missing() -> None:
    with pytest.raises(EngineUnavailable, match="let go of lines"):
        followed(Told(1), Told(1, 2), Told(3, 4))


def doubts(rotation: Rotation, ns: int, *, now: int, stream: str = "o", whole: bool = True) -> bool:
    return rotation.is_doubtful(ns=ns, stream=stream, whole=whole, now=now)


def test_a_quiet_log_is_believed() -> None:
    rotation = Rotation()
    for second in range(1, 5):
        assert not doubts(rotation, second * SECOND, now=second * SECOND + STEP)


def test_the_parts_of_one_line_share_their_time() -> None:
    rotation = Rotation()
    assert not doubts(rotation, SECOND, now=SECOND, whole=False)
    assert not doubts(rotation, SECOND, now=SECOND, whole=True)
    assert doubts(rotation, SECOND, now=SECOND)


def test_a_clock_that_is_set_back_is_believed_and_so_are_two_streams_side_by_side() -> None:
    rotation = Rotation()
    assert not doubts(rotation, SECOND + 5, now=SECOND + 9)
    assert not doubts(rotation, SECOND + 3, now=SECOND + 9, stream="e")
    assert not doubts(rotation, SECOND - 7, now=SECOND - 6)
    assert not doubts(rotation, SECOND - 5, now=SECOND - 4)
    assert doubts(rotation, SECOND - 7, now=SECOND - 4)


def test_a_leap_among_lines_that_come_late_is_doubtful() -> None:
    rotation = Rotation()
    late = SECOND + 10 * SHORTEST_FILE_NS
    assert not doubts(rotation, SECOND, now=late)
    assert not doubts(rotation, SECOND + STEP, now=late)
    assert doubts(rotation, SECOND + STEP + SHORTEST_FILE_NS, now=late)
