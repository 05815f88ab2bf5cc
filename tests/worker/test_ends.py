"""Where a container ended and began again stands in its log, once."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.contract.names import LABEL_LOG
from runtime.engine.values import Container
from runtime.worker.ends import end_words, tell_end, tell_start
from runtime.worker.spool import Spool, open_spool

GOING = threading.Event()


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = open_spool(tmp_path / "spool.sqlite3")
    opened.begin("log", next_number=1)
    yield opened
    opened.close()


def seen(**now: object) -> Container:
    """A container as the engine shows it: it began at 100 and ended at 200, unless said otherwise."""
    facts: dict[str, object] = {"status": "exited", "exit_code": 137, "started_ns": 100, "finished_ns": 200, **now}
    return Container(container_id="c", name="c", image_id="sha256:1", labels={LABEL_LOG: "log"}, **facts)  # type: ignore[arg-type]


def texts(spool: Spool) -> list[str]:
    batch = spool.read("log", 1)
    return [line[2] for line in batch.lines] if batch is not None else []


def test_an_end_is_told_once_in_slipways_own_words(spool: Spool) -> None:
    assert tell_end(spool=spool, container=seen(), unless=GOING)
    assert not tell_end(spool=spool, container=seen(), unless=GOING)
    batch = spool.read("log", 1)
    assert batch is not None
    assert batch.lines == [(200, "s", "Slipway: the container ended with exit code 137: it was killed.")]


def test_what_it_said_is_resumed_where_it_was(spool: Spool) -> None:
    spool.append("log", [(150, "o", "last words")], container="c")
    tell_end(spool=spool, container=seen(), unless=GOING)
    assert spool.reader_ns("log", "c") == 150, "the reader stands at the engine's last line"


def test_a_start_is_told_after_its_end_and_once(spool: Spool) -> None:
    again = seen(status="running", exit_code=None, started_ns=300, restarts=2)
    assert not tell_start(spool=spool, container=again, unless=GOING), "lines of before may come still"
    tell_end(spool=spool, container=seen(), unless=GOING)
    assert tell_start(spool=spool, container=again, unless=GOING)
    assert not tell_start(spool=spool, container=again, unless=GOING)
    assert texts(spool)[1:] == ["Slipway: the container was started again, restart 2 by the engine."]


def test_the_second_end_is_told_as_well(spool: Spool) -> None:
    tell_end(spool=spool, container=seen(), unless=GOING)
    tell_end(spool=spool, container=seen(started_ns=300, finished_ns=400, exit_code=0), unless=GOING)
    assert texts(spool)[-1] == "Slipway: the container ended with exit code 0."


def test_a_first_run_that_goes_on_is_no_news(spool: Spool) -> None:
    fresh = seen(status="running", exit_code=None, finished_ns=None)
    assert not tell_end(spool=spool, container=fresh, unless=GOING)
    assert not tell_start(spool=spool, container=fresh, unless=GOING)
    assert texts(spool) == []


def test_what_the_control_plane_holds_already_is_not_told_again(spool: Spool) -> None:
    spool.begin("log", next_number=9, resume_ns=200)
    assert not tell_end(spool=spool, container=seen(), unless=GOING)
    assert tell_end(spool=spool, container=seen(finished_ns=201), unless=GOING)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"exit_code": 1}, "Slipway: the container ended with exit code 1."),
        (
            {"exit_code": 137, "oom_killed": True},
            "Slipway: the container ended with exit code 137: it ran out of memory and was killed.",
        ),
        (
            {"exit_code": 2, "status": "restarting"},
            "Slipway: the container ended with exit code 2. The engine starts it again.",
        ),
        ({"exit_code": None, "status": "running"}, "Slipway: the container ended here."),
    ],
)
def test_it_says_what_the_engine_knows(now: dict[str, object], said: str) -> None:
    assert end_words(seen(**now)) == said
