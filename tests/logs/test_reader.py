"""One cursor over the archive and the tail."""

import threading

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from tests.logs.given import lines, rows
from webapp.logs import archive, reader, tail
from webapp.logs import services as logs
from webapp.logs.models import Log
from webapp.problems import Invalid
from webapp.teams.models import Project

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.thorough]


def fill(log: Log, *, archived: int, held: int) -> None:
    """A log with so many lines in the database and so many more in Redis."""
    if archived:
        tail.append(log_id=log.id, first=1, lines=lines(1, archived))
        archive.archive_log(log.id)
    for number in range(archived + 1, archived + held + 1):
        tail.append(log_id=log.id, first=number, lines=lines(number, number))


def test_a_page_spans_both_halves(log: Log) -> None:
    fill(log, archived=10, held=5)
    page = reader.read(log=log, after=7, limit=6)
    assert (page.rows, page.last, page.end) == (rows(8, 13), 13, None)


def test_paging_by_the_cursor_gives_every_line_once(log: Log) -> None:
    fill(log, archived=23, held=19)
    seen, after = [], 0
    while (page := reader.read(log=log, after=after, limit=4)).rows:
        seen += page.rows
        after = page.last
    assert seen == rows(1, 42)


def test_the_end_is_said_on_the_last_page_only(log: Log) -> None:
    fill(log, archived=3, held=3)
    logs.end_log(log=log, state="succeeded")
    assert reader.read(log=log, after=0, limit=5).end is None
    assert reader.read(log=log, after=5, limit=5).end == {"state": "succeeded", "lines": 6}
    assert reader.read(log=log, after=6, limit=5).end == {"state": "succeeded", "lines": 6}


def test_a_filter_by_stream_and_text(log: Log) -> None:
    fill(log, archived=12, held=12)
    assert [row[0] for row in reader.read(log=log, after=0, limit=50, stream="e").rows] == [5, 10, 15, 20]
    assert [row[0] for row in reader.read(log=log, after=0, limit=50, q="line 2").rows] == [2, 20, 21, 22, 23, 24]
    assert [row[0] for row in reader.read(log=log, after=2, limit=2, q="line 2").rows] == [20, 21]
    assert reader.read(log=log, after=0, limit=50, q="nowhere") == reader.Page(rows=[], last=24, end=None)


def test_a_text_with_characters_that_json_escapes_is_found(log: Log) -> None:
    tail.append(log_id=log.id, first=1, lines=[(1, "o", 'say "hé\t\\"'), (2, "o", "say he")])
    assert [row[0] for row in reader.read(log=log, after=0, limit=5, q='"hé\t\\').rows] == [1]


def test_a_filtered_page_is_bounded_and_says_how_far_it_came(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "SCANNED_SEGMENTS", 3)
    fill(log, archived=5, held=10)
    page = reader.read(log=log, after=0, limit=50, q="line 12")
    assert (page.rows, page.last) == ([], 7)
    after, found = 7, list(page.rows)
    while (page := reader.read(log=log, after=after, limit=50, q="line 12")).last > after:
        after, found = page.last, found + page.rows
    assert [row[0] for row in found] == [12]


@pytest.mark.parametrize("after", [-1, 2**53])
@pytest.mark.parametrize("limit", [0, reader.MAX_LINES + 1])
def test_what_is_out_of_bounds_is_refused_by_its_name(log: Log, after: int, limit: int) -> None:
    with pytest.raises(Invalid) as refused:
        reader.read(log=log, after=after, limit=limit, stream="x", q="x" * 501)
    assert sorted(refused.value.errors) == ["after", "limit", "q", "stream"]


def test_with_redis_away_the_archive_is_still_read(log: Log, settings: Settings) -> None:
    fill(log, archived=10, held=5)
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    assert reader.read(log=log, after=0, limit=50).rows == rows(1, 10)


async def test_the_download_is_the_text_of_every_line(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "TEXT_LINES", 7)
    await tail.append_async(log_id=log.id, first=1, lines=lines(1, 40))
    pieces = [piece async for piece in reader.stream_text(log)]
    assert len(pieces) == 6
    assert b"".join(pieces).decode() == "".join(f"line {number}\n" for number in range(1, 41))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(st.integers(1, 40), min_size=1, max_size=12),
    limit=st.integers(1, 30),
    chunk=st.integers(100, 3000),
)
def test_reading_stays_dense_while_lines_move_into_the_archive(
    project: Project, redis_url: str, batches: list[int], limit: int, chunk: int
) -> None:
    log = Log.objects.create(project=project, kind="build")
    total = sum(batches)
    problems: list[BaseException] = []

    def write_and_archive() -> None:
        try:
            number = 1
            for size in batches:
                tail.append(log_id=log.id, first=number, lines=lines(number, number + size - 1))
                number += size
                archive.archive_log(log.id)
        except BaseException as error:
            problems.append(error)
        finally:
            connection.close()

    with pytest.MonkeyPatch.context() as small:
        small.setattr(archive, "CHUNK_BYTES", chunk)
        writer = threading.Thread(target=write_and_archive)
        writer.start()
        seen: list[tuple[int, int, str, str]] = []
        while len(seen) < total and not problems:
            seen += reader.read(log=log, after=len(seen), limit=limit).rows
        writer.join()
    assert problems == []
    assert seen == rows(1, total)
