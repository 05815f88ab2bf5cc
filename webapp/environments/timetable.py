"""Windows and freezes as they are given: the one check of them, and how they are written in a box, one a line.

mon-fri 09:00-17:00 Europe/Berlin
2026-12-20T00:00+01:00 2027-01-04T08:00+01:00 the year ends
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from webapp.environments.opening import DAYS, MIDNIGHT, zone_of
from webapp.findings import Findings
from webapp.writing import lines

MAX_WINDOWS = 20
MAX_FREEZES = 50
MAX_FREEZE = timedelta(days=366)
MAX_REASON = 200
MAX_ZONE = 64
CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")


def clean_windows(given: object) -> list[dict[str, Any]]:
    """The windows as they are kept. Raises `Invalid` by field and place."""
    findings = Findings()
    rows = _rows(findings, given, "windows", MAX_WINDOWS)
    clean = [_window(findings, row, f"windows.{at}") for at, row in enumerate(rows)]
    findings.settle()
    return clean


def clean_freezes(given: object) -> list[dict[str, Any]]:
    """The freezes as they are kept: in UTC, in the order of their beginning."""
    findings = Findings()
    rows = _rows(findings, given, "freezes", MAX_FREEZES)
    clean = [_freeze(findings, row, f"freezes.{at}") for at, row in enumerate(rows)]
    findings.settle()
    return sorted(clean, key=lambda freeze: (freeze["from"], freeze["until"]))


def read_windows(text: str) -> list[dict[str, Any]]:
    """From a box. What is not understood stays as it is, for the check to refuse."""
    found = []
    for line in lines(text):
        days, clocks, zone = (*line.split(), "", "", "")[:3]
        begin, _, end = clocks.partition("-")
        found.append({"days": list(_days(days.lower())), "from": begin, "to": end, "zone": zone or "UTC"})
    return found


def write_windows(windows: Sequence[Mapping[str, Any]]) -> str:
    """Into a box."""
    return "\n".join(f"{days_text(row['days'])} {row['from']}-{row['to']} {row['zone']}" for row in windows)


def read_freezes(text: str) -> list[dict[str, Any]]:
    """From a box."""
    parts = [(*line.split(maxsplit=2), "", "", "")[:3] for line in lines(text)]
    return [{"from": begin, "until": until, "reason": reason} for begin, until, reason in parts]


def write_freezes(freezes: Sequence[Mapping[str, Any]]) -> str:
    """Into a box."""
    return "\n".join(f"{row['from']} {row['until']} {row['reason']}" for row in freezes)


def days_text(days: Sequence[str]) -> str:
    """`mon-fri` for neighbours, `mon,wed` else."""
    places = [DAYS.index(day) for day in days]
    if len(places) > 2 and places == list(range(places[0], places[-1] + 1)):
        return f"{days[0]}-{days[-1]}"
    return ",".join(days)


def _days(text: str) -> Iterator[str]:
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if dash and first in DAYS and last in DAYS and DAYS.index(first) <= DAYS.index(last):
            yield from DAYS[DAYS.index(first) : DAYS.index(last) + 1]
        else:
            yield part


def _rows(findings: Findings, given: object, field: str, most: int) -> Sequence[object]:
    if not isinstance(given, Sequence) or isinstance(given, str | bytes):
        findings.add(field, "This must be a list.")
        return []
    if len(given) > most:
        findings.add(field, f"At most {most}.")
        return []
    return given


def _window(findings: Findings, given: object, field: str) -> dict[str, Any]:
    row = findings.known(given, field, ("days", "from", "to", "zone"))
    asked = row.get("days", [])
    days = list(asked) if isinstance(asked, Sequence) and not isinstance(asked, str) else []
    if not days or not all(isinstance(day, str) and day in DAYS for day in days):
        findings.add(f"{field}.days", f"At least one of {', '.join(DAYS)}.")
        days = []
    begin = _clock(findings, row.get("from"), f"{field}.from")
    end = row.get("to") if row.get("to") == MIDNIGHT else _clock(findings, row.get("to"), f"{field}.to")
    if begin and begin == end:
        findings.add(f"{field}.to", "A window ends at another time than it begins; a whole day is 00:00-24:00.")
    zone = findings.text(row.get("zone", "UTC"), f"{field}.zone", limit=MAX_ZONE)
    if zone and zone_of(zone) is None:
        findings.add(f"{field}.zone", "A time zone by its name, such as UTC or Europe/Berlin.")
    return {"days": [day for day in DAYS if day in days], "from": begin, "to": end, "zone": zone}


def _clock(findings: Findings, value: object, field: str) -> str:
    if not isinstance(value, str) or not CLOCK.fullmatch(value):
        findings.add(field, "A time of the day from 00:00 to 23:59.")
        return ""
    return value


def _freeze(findings: Findings, given: object, field: str) -> dict[str, Any]:
    row = findings.known(given, field, ("from", "until", "reason"))
    begin = _moment(findings, row.get("from"), f"{field}.from")
    until = _moment(findings, row.get("until"), f"{field}.until")
    if begin and until and not timedelta(0) < until - begin <= MAX_FREEZE:
        findings.add(f"{field}.until", f"After its beginning, and at most {MAX_FREEZE.days} days later.")
    reason = findings.text(row.get("reason", ""), f"{field}.reason", limit=MAX_REASON)
    if reason and (not reason.isprintable() or not reason.strip()):
        findings.add(f"{field}.reason", "One line that says why.")
    return {"from": _text(begin), "until": _text(until), "reason": reason.strip()}


def _moment(findings: Findings, value: object, field: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else None
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    findings.add(field, "A moment with its offset from UTC, such as 2026-12-20T00:00+01:00.")
    return None


def _text(moment: datetime | None) -> str:
    return moment.isoformat(timespec="minutes").replace("+00:00", "Z") if moment is not None else ""
