"""When an environment is open: windows, freezes, zones; by example and against a walk minute by minute."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.environments.opening import DAYS, closed
from webapp.environments.timetable import (
    MAX_FREEZES,
    MAX_WINDOWS,
    clean_freezes,
    clean_windows,
    read_freezes,
    read_windows,
    write_freezes,
    write_windows,
)
from webapp.problems import Invalid

OFFICE: dict[str, Any] = {"days": ["mon", "tue"], "from": "09:00", "to": "17:00", "zone": "Europe/Berlin"}
NIGHT: dict[str, Any] = {"days": ["fri"], "from": "22:00", "to": "04:00", "zone": "UTC"}
FREEZE = {"from": "2026-12-01T00:00Z", "until": "2026-12-03T12:00Z", "reason": "the fair"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-30T08:00", None),  # Monday, nine in Berlin
        ("2026-11-30T07:59", "2026-11-30T08:00"),
        ("2026-11-30T15:59", None),
        ("2026-11-30T16:00", "2026-12-01T08:00"),
        ("2026-12-01T16:00", "2026-12-07T08:00"),
        ("2026-10-24T12:00", "2026-10-26T08:00"),  # the clocks go back in between
        ("2026-06-01T07:00", None),  # in summer nine is seven
    ],
)
def test_a_window_is_of_its_days_and_its_zone(now: str, opens: str | None) -> None:
    found = closed(windows=[OFFICE], freezes=[], now=at(now))
    assert (found.opens if found is not None else None) == (at(opens) if opens else None)


def test_a_window_over_midnight_belongs_to_the_day_it_begins() -> None:
    assert closed(windows=[NIGHT], freezes=[], now=at("2026-12-05T03:59")) is None
    shut = closed(windows=[NIGHT], freezes=[], now=at("2026-12-05T04:00"))
    assert shut is not None and shut.opens == at("2026-12-11T22:00")


def test_a_freeze_goes_before_every_window_and_says_why() -> None:
    found = closed(windows=[OFFICE], freezes=[FREEZE], now=at("2026-12-01T10:00"))
    assert found is not None and "the fair" in found.why and found.opens == at("2026-12-07T08:00")
    alone = closed(windows=[], freezes=[FREEZE], now=at("2026-12-01T10:00"))
    assert alone is not None and alone.opens == at("2026-12-03T12:00")
    assert closed(windows=[], freezes=[FREEZE], now=at("2026-12-03T12:00")) is None


def test_a_zone_that_is_not_known_any_more_opens_nothing() -> None:
    found = closed(windows=[{**OFFICE, "zone": "Atlantis/Deep"}], freezes=[], now=at("2026-11-30T08:00"))
    assert found is not None and found.opens is None


FIRST, LAST = (datetime(year, 1, 1) for year in (2026, 2028))  # noqa: DTZ001 - Hypothesis gives them their zone
CLOCKS = st.times().map(lambda time: time.strftime("%H:%M"))
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe"])
WINDOWS = st.builds(
    lambda days, begin, end, zone: {"days": sorted(days, key=DAYS.index), "from": begin, "to": end, "zone": zone},
    st.sets(st.sampled_from(DAYS), min_size=1),
    CLOCKS,
    CLOCKS,
    ZONES,
).filter(lambda window: window["from"] != window["to"])
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC)).map(lambda moment: moment.replace(second=0, microsecond=0))
SPANS = st.tuples(MOMENTS, st.integers(1, 20_000)).map(
    lambda span: {
        "from": span[0].isoformat(),
        "until": (span[0] + timedelta(minutes=span[1])).isoformat(),
        "reason": "so",
    }
)


@settings(max_examples=25, deadline=None)
@given(windows=st.lists(WINDOWS, max_size=3), freezes=st.lists(SPANS, max_size=4), now=MOMENTS)
def test_the_next_opening_is_open_and_nothing_before_it_is(windows: Any, freezes: Any, now: datetime) -> None:
    found = closed(windows=windows, freezes=freezes, now=now)
    if found is None:
        return
    assert found.opens is not None and found.opens > now
    assert closed(windows=windows, freezes=freezes, now=found.opens) is None
    step = max((found.opens - now) / 40, timedelta(minutes=1))
    moment = now
    while moment < found.opens:
        assert closed(windows=windows, freezes=freezes, now=moment) is not None
        moment += step
    assert closed(windows=windows, freezes=freezes, now=found.opens - timedelta(seconds=1)) is not None


@settings(max_examples=25, deadline=None)
@given(windows=st.lists(WINDOWS, max_size=5))
def test_what_a_box_shows_is_read_back_as_it_was(windows: Any) -> None:
    assert clean_windows(read_windows(write_windows(windows))) == windows


def test_freezes_are_kept_in_utc_and_in_order() -> None:
    later = {"from": "2026-12-24T00:00+01:00", "until": "2026-12-27T00:00+01:00", "reason": "nobody is here"}
    kept = clean_freezes([later, FREEZE])
    assert [row["from"] for row in kept] == ["2026-12-01T00:00Z", "2026-12-23T23:00Z"]
    assert clean_freezes(read_freezes(write_freezes(kept))) == kept
    assert datetime.fromisoformat(kept[1]["from"]) == datetime(2026, 12, 24, tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"days": []}, "windows.0.days"),
        ({"days": ["someday"]}, "windows.0.days"),
        ({"days": "mon"}, "windows.0.days"),
        ({"from": "9:00"}, "windows.0.from"),
        ({"from": "24:00"}, "windows.0.from"),
        ({"to": "09:00"}, "windows.0.to"),
        ({"to": 17}, "windows.0.to"),
        ({"zone": "../../etc/passwd"}, "windows.0.zone"),
        ({"zone": "Europe"}, "windows.0.zone"),
        ({"zone": "\x00"}, "windows.0.zone"),
        ({"hours": 3}, "windows.0.hours"),
    ],
)
def test_a_window_that_is_none_is_refused_at_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean_windows([{**OFFICE, **change}])
    assert list(refused.value.errors) == [field]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"from": "2026-12-20"}, "freezes.0.from"),
        ({"from": "2026-12-20T00:00"}, "freezes.0.from"),
        ({"from": "tomorrow"}, "freezes.0.from"),
        ({"until": "2026-11-01T00:00Z"}, "freezes.0.until"),
        ({"until": "2028-11-01T00:00Z"}, "freezes.0.until"),
        ({"until": None}, "freezes.0.until"),
        ({"reason": ""}, "freezes.0.reason"),
        ({"reason": "two\nlines"}, "freezes.0.reason"),
        ({"reason": "x" * 201}, "freezes.0.reason"),
    ],
)
def test_a_freeze_that_is_none_is_refused_at_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean_freezes([{**FREEZE, **change}])
    assert list(refused.value.errors) == [field]


def test_there_are_only_so_many() -> None:
    for check, rows, field in (
        (clean_windows, [OFFICE] * (MAX_WINDOWS + 1), "windows"),
        (clean_freezes, [FREEZE] * (MAX_FREEZES + 1), "freezes"),
        (clean_windows, "mon", "windows"),
    ):
        with pytest.raises(Invalid) as refused:
            check(rows)
        assert list(refused.value.errors) == [field]
