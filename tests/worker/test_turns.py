"""Who works on what, and when nobody does."""

import threading

import pytest

from runtime.worker.turns import Turns


def nothing() -> None:
    """There is nothing to look after while one waits."""


class _Enough(Exception):
    pass


def enough() -> None:
    raise _Enough


def test_of_one_subject_one_works_at_a_time() -> None:
    turns = Turns()
    with (
        turns.turn("a", meanwhile=nothing),
        turns.turn("b", meanwhile=nothing),
        pytest.raises(_Enough),
        turns.turn("a", meanwhile=enough),
    ):
        pass
    with turns.turn("a", meanwhile=enough):
        pass


def test_a_quiet_moment_comes_when_the_others_have_ended_and_nobody_begins_in_it() -> None:
    turns, waits = Turns(), threading.Event()
    order: list[str] = []
    build = turns.turn("build", meanwhile=nothing)
    build.__enter__()

    def forget() -> None:
        with turns.turn("forget", meanwhile=nothing), turns.quiet("forget", meanwhile=waits.set):
            order.append("quiet")
            with pytest.raises(_Enough), turns.turn("pull", meanwhile=enough):
                order.append("a pull got in")

    thread = threading.Thread(target=forget)
    thread.start()
    assert waits.wait(5)
    order.append("build ends")
    build.__exit__(None, None, None)
    thread.join(5)
    assert order == ["build ends", "quiet"]
    with turns.turn("pull", meanwhile=enough):
        pass


def test_who_gives_up_waiting_for_quiet_bars_nobody() -> None:
    turns = Turns()
    with turns.turn("build", meanwhile=nothing), turns.turn("forget", meanwhile=nothing):
        with pytest.raises(_Enough), turns.quiet("forget", meanwhile=enough):
            pass
        with turns.turn("pull", meanwhile=enough):
            pass
