"""Times are said on the server as the page's own script says them."""

from datetime import UTC, datetime, timedelta

import pytest

from webapp.pages.templatetags import show

NOW = datetime(2030, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("away", "said"),
    [
        (timedelta(seconds=-44), "just now"),
        (timedelta(seconds=-50), "1 min. ago"),
        (timedelta(minutes=-12), "12 min. ago"),
        (timedelta(hours=-1), "1 hr. ago"),
        (timedelta(days=-1), "yesterday"),
        (timedelta(days=-3), "3 days ago"),
        (timedelta(days=-31), "last mo."),
        (timedelta(days=-800), "2 yr. ago"),
        (timedelta(days=1), "tomorrow"),
        (timedelta(days=7), "in 7 days"),
    ],
)
def test_a_time_is_said_against_now(monkeypatch: pytest.MonkeyPatch, away: timedelta, said: str) -> None:
    monkeypatch.setattr(show, "now", lambda: NOW)
    assert show.ago(NOW + away) == said


def test_the_exact_time_is_on_hover() -> None:
    assert 'title="2030-06-01 12:00 UTC"' in show.when(NOW)


def test_what_lasts_still_is_counted_on_by_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(show, "now", lambda: NOW)
    assert show.lasted(NOW - timedelta(seconds=3.6), None) == '<span data-lasts="3">3 s</span>'
    assert show.lasted(NOW - timedelta(seconds=75), None) == '<span data-lasts="75">1 min 15 s</span>'


def test_what_is_over_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(show, "now", lambda: NOW)
    assert show.lasted(NOW - timedelta(seconds=3.6), NOW) == "3.6 s"
    assert show.lasted(NOW - timedelta(seconds=3.6), None, True) == "", "nobody knows when it ended"
    assert show.lasted(None, None) == ""
