"""Slipway's own words in a log, and a log's end."""

import pytest
from pytest_django.fixtures import Settings

from tests.logs.given import lines
from webapp.logs import reader, tail
from webapp.logs import services as logs
from webapp.logs.models import Log
from webapp.problems import Unavailable
from webapp.teams.models import Project

pytestmark = pytest.mark.django_db(transaction=True)


def test_slipways_words_continue_the_numbers(log: Log) -> None:
    tail.append(log_id=log.id, first=1, lines=lines(1, 2))
    logs.write(log, "host local is lost", "queued again")
    assert [(row[0], row[2], row[3]) for row in reader.read(log=log, after=2, limit=9).rows] == [
        (3, "s", "host local is lost"),
        (4, "s", "queued again"),
    ]


def test_a_remark_that_cannot_be_written_stops_nobody(log: Log, settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    logs.write(log, "nobody hears this")


def test_the_end_archives_what_is_left_and_comes_once(log: Log) -> None:
    tail.append(log_id=log.id, first=1, lines=lines(1, 2))
    logs.end_log(log=log, state="succeeded")
    logs.end_log(log=log, state="failed")
    log.refresh_from_db()
    assert (log.end_state, log.archived_to) == ("succeeded", 2)
    assert log.ended_at is not None


def test_nothing_is_cut_off_when_redis_is_away(log: Log, settings: Settings) -> None:
    tail.append(log_id=log.id, first=1, lines=lines(1, 2))
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    with pytest.raises(Unavailable):
        logs.end_log(log=log, state="succeeded")
    log.refresh_from_db()
    assert log.end_state == ""


def test_a_log_of_no_known_kind_is_not_opened(project: Project) -> None:
    assert logs.open_log(project=project, kind="replica").kind == "replica"
    with pytest.raises(ValueError, match="novel"):
        logs.open_log(project=project, kind="novel")
