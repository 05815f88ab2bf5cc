"""When an environment takes deployments: windows that come again each week, and freezes, which go before them. Pure.

A window is {"days": ["mon", …], "from": "09:00", "to": "17:00", "zone": "Europe/Berlin"}; one that ends before it
begins ends on the next day. A freeze is {"from", "until": ISO 8601 with its offset, "reason"}. Without windows every
moment is open but for the freezes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = "24:00"  # the end of a day, only as the end of a window
DAYS_AHEAD = 9  # in which each window begins once more, whatever its zone and its clocks do

Window = Mapping[str, Any]
Freeze = Mapping[str, Any]


@dataclass(frozen=True)
class Closed:
    """`why` is the end of a sentence; `opens` None: never, as it is set now."""

    why: str
    opens: datetime | None

    @property
    def sentence(self) -> str:
        """When it opens."""
        if self.opens is None:
            return "It does not open again as it is set now: an operator changes its windows or freezes."
        return f"It opens {self.opens:%A, %Y-%m-%d at %H:%M} UTC."


def closed(*, windows: Sequence[Window], freezes: Sequence[Freeze], now: datetime) -> Closed | None:
    """None when a deployment may start now; else why not, and the next moment when one may."""
    frozen = _frozen(freezes, now)
    if frozen is None and _is_inside(windows, now):
        return None
    why = f"is frozen: {frozen['reason']}" if frozen is not None else "is outside of its deployment windows"
    return Closed(why=why, opens=_next_opening(windows, freezes, now))


def zone_of(name: str) -> tzinfo | None:
    """The time zone of this name; None when it is not known here."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; not a name; a folder of names
        return None


def moment(text: str) -> datetime:
    """A freeze's time, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _frozen(freezes: Sequence[Freeze], now: datetime) -> Freeze | None:
    """The freeze that holds now and lasts longest."""
    holding = [freeze for freeze in freezes if moment(freeze["from"]) <= now < moment(freeze["until"])]
    return max(holding, key=lambda freeze: moment(freeze["until"]), default=None)


def _is_inside(windows: Sequence[Window], now: datetime) -> bool:
    return not windows or any(begin <= now < end for begin, end in _spans(windows, now))


def _next_opening(windows: Sequence[Window], freezes: Sequence[Freeze], now: datetime) -> datetime | None:
    """Each freeze is left at most once and each time one window is looked for, so this ends."""
    at = now
    for _ in range(2 * len(freezes) + 2):
        frozen = _frozen(freezes, at)
        if frozen is not None:
            at = moment(frozen["until"])
        elif _is_inside(windows, at):
            return at
        else:
            later = [begin for begin, end in _spans(windows, at) if begin > at and begin < end]
            if not later:
                return None
            at = min(later)
    return None


def _spans(windows: Sequence[Window], around: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Begin and end in UTC of every window from two days before to some days after."""
    for window in windows:
        zone = zone_of(window["zone"])
        if zone is None:  # it was known when the window was set; what cannot be read opens nothing
            continue
        today = around.astimezone(zone).date()
        for ahead in range(-2, DAYS_AHEAD):
            day = today + timedelta(days=ahead)
            if DAYS[day.weekday()] in window["days"]:
                over = window["to"] <= window["from"]
                yield _at(day, window["from"], zone), _at(day + timedelta(days=over), window["to"], zone)


def _at(day: date, clock: str, zone: tzinfo) -> datetime:
    if clock == MIDNIGHT:
        day, clock = day + timedelta(days=1), "00:00"
    hour, minute = clock.split(":")
    return datetime(day.year, day.month, day.day, int(hour), int(minute), tzinfo=zone).astimezone(UTC)
