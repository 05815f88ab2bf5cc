"""Every line once, in order, without a gap: what the hot tail takes and what it refuses."""

import asyncio

import pytest
import redis
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from tests.logs.given import START_NS, lines, rows
from webapp.logs import archive, reader, tail
from webapp.logs import lines as text_of
from webapp.logs.models import Log
from webapp.problems import Conflicting, Missing, Unavailable

pytestmark = pytest.mark.django_db(transaction=True)


def held(log: Log) -> list[tuple[int, int, str, str]]:
    return [row for entry in tail.read(log_id=log.id, after=0) for row in text_of.decode(entry.text)]


def test_a_batch_that_continues_the_log_is_taken(log: Log) -> None:
    assert tail.append(log_id=log.id, first=1, lines=lines(1, 3)) == tail.Kept(last=3, archived=0)
    assert tail.append(log_id=log.id, first=4, lines=lines(4, 4)) == tail.Kept(last=4, archived=0)
    assert held(log) == rows(1, 4)


def test_a_batch_sent_again_changes_nothing(log: Log) -> None:
    for _ in range(3):
        assert tail.append(log_id=log.id, first=1, lines=lines(1, 3)).last == 3
    assert held(log) == rows(1, 3)


def test_of_an_overlapping_batch_only_the_news_is_taken(log: Log) -> None:
    tail.append(log_id=log.id, first=1, lines=lines(1, 3))
    assert tail.append(log_id=log.id, first=2, lines=lines(2, 7)).last == 7
    assert held(log) == rows(1, 7)


def test_a_batch_behind_a_gap_is_refused_and_the_sender_goes_back(log: Log) -> None:
    tail.append(log_id=log.id, first=1, lines=lines(1, 3))
    assert tail.append(log_id=log.id, first=5, lines=lines(5, 9)).last == 3
    assert held(log) == rows(1, 3)


def test_after_redis_lost_everything_the_log_goes_on_where_the_archive_ends(log: Log, redis_url: str) -> None:
    tail.append(log_id=log.id, first=1, lines=lines(1, 3))
    archive.archive_log(log.id)
    tail.append(log_id=log.id, first=4, lines=lines(4, 6))
    redis.Redis.from_url(redis_url).flushall()
    assert tail.append(log_id=log.id, first=7, lines=lines(7, 8)) == tail.Kept(last=3, archived=3)
    assert tail.append(log_id=log.id, first=4, lines=lines(4, 8)).last == 8
    assert reader.read(log=log, after=0, limit=100).rows == rows(1, 8)


def test_the_position_survives_in_redis_and_in_the_archive(log: Log, redis_url: str) -> None:
    assert tail.position(log_id=log.id).next == 1
    tail.append(log_id=log.id, first=1, lines=lines(1, 3))
    assert tail.position(log_id=log.id).next == 4
    archive.archive_log(log.id)
    redis.Redis.from_url(redis_url).flushall()
    position = tail.position(log_id=log.id)
    assert (position.next, position.resume_ns) == (4, START_NS + 3_000_000)


def test_too_much_that_is_not_archived_holds_the_sender_back(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "MAX_HELD_BYTES", 200)
    assert tail.append(log_id=log.id, first=1, lines=lines(1, 4)).last == 4
    assert tail.append(log_id=log.id, first=5, lines=lines(5, 8)).last == 4
    archive.archive_log(log.id)
    assert tail.append(log_id=log.id, first=5, lines=lines(5, 8)).last == 8


def test_one_batch_above_the_bound_still_gets_through(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "MAX_HELD_BYTES", 10)
    assert tail.append(log_id=log.id, first=1, lines=lines(1, 9)).last == 9


def test_an_ended_log_takes_nothing(log: Log, redis_url: str) -> None:
    tail.append(log_id=log.id, first=1, lines=lines(1, 2))
    tail.mark_end(log_id=log.id, last=2, last_ns=0, end="{}")
    with pytest.raises(Conflicting):
        tail.append(log_id=log.id, first=3, lines=lines(3, 3))
    Log.objects.filter(id=log.id).update(end_state="succeeded")
    redis.Redis.from_url(redis_url).flushall()
    with pytest.raises(Conflicting):
        tail.append(log_id=log.id, first=3, lines=lines(3, 3))


def test_a_log_that_is_not_there_takes_nothing(db: None, redis_url: str) -> None:
    with pytest.raises(Missing):
        tail.append(log_id="0" * 26, first=1, lines=lines(1, 1))
    assert redis.Redis.from_url(redis_url).keys("*") == []


def test_redis_away_is_unavailable(log: Log, settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    with pytest.raises(Unavailable):
        tail.append(log_id=log.id, first=1, lines=lines(1, 1))
    with pytest.raises(Unavailable):
        tail.position(log_id=log.id)


def test_the_database_is_not_asked_for_a_known_log(log: Log, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    tail.append(log_id=log.id, first=1, lines=lines(1, 1))
    with django_assert_num_queries(0):
        tail.append(log_id=log.id, first=2, lines=lines(2, 3))


async def test_on_the_event_loop_it_is_the_same(log: Log) -> None:
    assert (await tail.append_async(log_id=log.id, first=1, lines=lines(1, 3))).last == 3
    assert (await tail.append_async(log_id=log.id, first=2, lines=lines(2, 5))).last == 5
    assert [entry.last for entry in await tail.follow_async(log_id=log.id, after=0)] == [3, 5]


async def test_a_follower_wakes_for_a_new_entry(log: Log) -> None:
    waiting = asyncio.create_task(tail.follow_async(log_id=log.id, after=0))
    await asyncio.sleep(0.05)
    await tail.append_async(log_id=log.id, first=1, lines=lines(1, 2))
    assert [(entry.first, entry.last) for entry in await asyncio.wait_for(waiting, 2)] == [(1, 2)]


def test_control_characters_and_quotes_are_escaped_in_the_text(log: Log) -> None:
    tail.append(log_id=log.id, first=1, lines=[(START_NS, "o", '\x1b[31m"a\\b"\x00\u2028é')])
    (entry,) = tail.read(log_id=log.id, after=0)
    assert b"\x1b" not in entry.text
    assert b"\x00" not in entry.text
    assert text_of.decode(entry.text)[0][3] == '\x1b[31m"a\\b"\x00\u2028é'
