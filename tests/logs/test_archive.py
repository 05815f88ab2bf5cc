"""Chunks in the database: committed before Redis lets go, small ones merged, harmless to interrupt anywhere."""

import pytest

from tests.logs.given import START_NS, lines, rows
from webapp.logs import archive, reader, store, tail
from webapp.logs.models import Chunk, Log
from webapp.problems import Missing

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_is_archived_leaves_redis_and_is_read_the_same(log: Log) -> None:
    tail.append(log_id=log.id, first=1, lines=lines(1, 50))
    tail.append(log_id=log.id, first=51, lines=lines(51, 60))
    assert archive.archive_log(log.id) == 60
    assert tail.read(log_id=log.id, after=0) == []
    log.refresh_from_db()
    assert (log.archived_to, log.archived_ns) == (60, START_NS + 60_000_000)
    assert reader.read(log=log, after=0, limit=100).rows == rows(1, 60)


def test_the_sender_learns_what_is_archived(log: Log) -> None:
    tail.append(log_id=log.id, first=1, lines=lines(1, 5))
    archive.archive_log(log.id)
    assert tail.append(log_id=log.id, first=6, lines=lines(6, 6)) == tail.Kept(last=6, archived=5)


def test_a_slow_log_does_not_make_a_row_a_pass(log: Log) -> None:
    for number in range(1, 31):
        tail.append(log_id=log.id, first=number, lines=lines(number, number))
        archive.archive_log(log.id)
    assert Chunk.objects.filter(log=log).count() == 1
    assert reader.read(log=log, after=0, limit=100).rows == rows(1, 30)
    log.refresh_from_db()
    assert log.stored_bytes == sum(len(chunk.data) for chunk in log.chunks.all())


def test_a_full_chunk_is_closed(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "CHUNK_BYTES", 400)
    for first in range(1, 101, 5):
        tail.append(log_id=log.id, first=first, lines=lines(first, first + 4))
        archive.archive_log(log.id)
    chunks = list(Chunk.objects.filter(log=log).order_by("first"))
    assert len(chunks) > 5
    assert [chunk.first for chunk in chunks[1:]] == [chunk.last + 1 for chunk in chunks[:-1]]
    assert all(chunk.first_ms == 1_764_000_000_000 + chunk.first for chunk in chunks)
    assert all(chunk.last_ms == 1_764_000_000_000 + chunk.last for chunk in chunks)
    assert reader.read(log=log, after=0, limit=200).rows == rows(1, 100)


def test_dying_between_commit_and_trim_is_harmless(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    tail.append(log_id=log.id, first=1, lines=lines(1, 20))
    with monkeypatch.context() as dead:
        dead.setattr(tail, "mark_archived", lambda **_: None)
        archive.archive_log(log.id)
    assert tail.read(log_id=log.id, after=0) != []
    assert reader.read(log=log, after=0, limit=100).rows == rows(1, 20)
    tail.append(log_id=log.id, first=21, lines=lines(21, 25))
    assert archive.archive_log(log.id) == 5
    assert tail.read(log_id=log.id, after=0) == []
    assert reader.read(log=log, after=0, limit=100).rows == rows(1, 25)


def test_dying_before_the_commit_keeps_everything_in_redis(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    tail.append(log_id=log.id, first=1, lines=lines(1, 20))

    def die(log: Log, part: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(archive, "_write", die)
        with pytest.raises(KeyboardInterrupt):
            archive.archive_log(log.id)
    assert Chunk.objects.count() == 0
    assert reader.read(log=log, after=0, limit=100).rows == rows(1, 20)
    assert archive.archive_log(log.id) == 20


def test_lines_that_come_again_after_a_flush_are_archived_once(log: Log) -> None:
    tail.append(log_id=log.id, first=1, lines=lines(1, 20))
    archive.archive_log(log.id)
    tail.forget(log_id=log.id)
    Log.objects.filter(id=log.id).update(archived_to=10)  # as a reader of an old snapshot would have seen it
    tail.append(log_id=log.id, first=8, lines=lines(8, 30))
    Log.objects.filter(id=log.id).update(archived_to=20)
    assert archive.archive_log(log.id) == 10
    assert reader.read(log=log, after=0, limit=100).rows == rows(1, 30)


def test_only_what_is_due_is_archived_and_then_it_is_not_due_any_more(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    tail.append(log_id=log.id, first=1, lines=lines(1, 3))
    assert archive.archive_dirty() == 0  # more may come soon
    assert tail.lag().logs == 1
    monkeypatch.setattr(tail, "ARCHIVE_DELAY_MS", -1)
    tail.append(log_id=log.id, first=4, lines=lines(4, 5))
    assert archive.archive_dirty() == 5
    assert tail.lag().logs == 0
    assert archive.archive_dirty() == 0


def test_much_is_due_at_once(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "CHUNK_BYTES", 100)
    tail.append(log_id=log.id, first=1, lines=lines(1, 30))
    assert archive.archive_dirty() == 30


def test_a_log_that_was_deleted_leaves_redis_too(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "ARCHIVE_DELAY_MS", -1)
    tail.append(log_id=log.id, first=1, lines=lines(1, 3))
    log.delete()
    assert archive.archive_dirty() == 0
    assert tail.lag().logs == 0
    with pytest.raises(Missing):
        tail.state(log_id=log.id)


def test_a_state_without_its_lines_is_dropped_so_that_they_are_sent_again(log: Log) -> None:
    tail.append(log_id=log.id, first=1, lines=lines(1, 9))
    store.call("DEL", f"slipway:log:{log.id}:lines")
    assert archive.archive_log(log.id) == 0
    assert tail.append(log_id=log.id, first=10, lines=lines(10, 10)).last == 0


def test_repetitive_lines_take_few_bytes_each(log: Log) -> None:
    for first in range(1, 20001, 1000):
        tail.append(log_id=log.id, first=first, lines=lines(first, first + 999))
    archive.archive_log(log.id)
    log.refresh_from_db()
    assert log.stored_bytes / 20000 < 8
