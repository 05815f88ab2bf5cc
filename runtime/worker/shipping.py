"""Which lines go up the link next. Per log one frame is on its way at a time; the answer says where to go on.

Pure bookkeeping on the spool: no socket, no clock of its own.
"""

from collections import deque
from dataclasses import dataclass, field

from runtime.contract.link import Ask, Kept, LinkEnd, LinkLines, Positions
from runtime.contract.reports import LogPosition
from runtime.worker.backoff import Backoff
from runtime.worker.spool import Spool

ANSWER_SECONDS = 4.0  # without an answer for so long, the lines are sent again
PROBE_SECONDS = 3.0  # a quiet log asks so often whether what was sent is still held
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0
ASK_AGAIN_SECONDS = 30.0  # about a log that the control plane left out of its answer
MAX_ASKED = 500

Frame = LinkLines | LinkEnd


def _backoff() -> Backoff:
    return Backoff(first=FIRST_PAUSE_SECONDS, longest=LONGEST_PAUSE_SECONDS)


@dataclass(slots=True)
class _Route:
    """How one log stands on this connection."""

    cursor: int | None = None  # the next number to send; None until the control plane has said where the log stands
    sent: int | None = None  # a frame is on its way; its last number
    since: float = 0.0  # of the last frame
    not_before: float = 0.0
    archived: int = 0
    asked: float | None = None
    refused: bool = False
    ended: str | None = None  # the container is gone: its last state
    end_told: bool = False
    backoff: Backoff = field(default_factory=_backoff)


@dataclass(frozen=True, slots=True)
class Sorted:
    """What a `Positions` means for logs: to begin anew from there; over and done with."""

    anew: list[LogPosition]
    over: list[str]


class Shipping:
    """The logs of a host on their way. Times are of a clock that only goes forward, passed in."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._routes: dict[str, _Route] = {log: _Route() for log in spool.logs()}
        self._questions: deque[list[str]] = deque()  # put, not answered yet

    def connected(self) -> None:
        """A new connection: where each log stands is to be asked anew."""
        self._questions.clear()
        for log, route in self._routes.items():
            self._routes[log] = _Route(ended=route.ended)

    def want(self, log: str) -> None:
        """This log is to be followed."""
        route = self._routes.setdefault(log, _Route())
        route.ended, route.end_told = None, False

    def end(self, log: str, state: str) -> None:
        """The log's container is gone and was read to its end."""
        if log in self._routes:
            self._routes[log].ended = state

    def logs(self) -> list[str]:
        return list(self._routes)

    def is_refused(self, log: str) -> bool:
        return log in self._routes and self._routes[log].refused

    def asks(self, now: float) -> Ask | None:
        """The question where logs stand, if there is one to be put."""
        open_logs = [log for log, route in self._routes.items() if _is_to_be_asked(route, now)][:MAX_ASKED]
        for log in open_logs:
            self._routes[log].asked = now
        if not open_logs:
            return None
        self._questions.append(open_logs)
        return Ask(logs=open_logs)

    def due(self, now: float) -> list[str]:
        """Logs for which `next_frame` has something."""
        return [log for log, route in self._routes.items() if self._is_due(log, route, now)]

    def next_frame(self, log: str, now: float) -> Frame:
        """What to send of a log that is due. Raises SpoolBroken when that cannot be read."""
        route = self._routes[log]
        cursor = route.cursor or 1
        route.since = now
        batch = self._spool.read(log, cursor)
        if batch is None and route.ended is not None and self._is_archived(log, route):
            route.end_told, route.asked = True, None
            return LinkEnd(log=log, last=cursor - 1, state=route.ended)
        lines = batch.lines if batch else []
        route.sent = cursor + len(lines) - 1
        return LinkLines(log=log, first=cursor, lines=lines)

    def kept(self, kept: Kept, now: float) -> bool:
        """The answer to lines. False when it does not fit to what is held here: the log is to begin anew."""
        route = self._routes.get(kept.log)
        if route is None or route.cursor is None:
            return True
        route.archived = max(route.archived, kept.archived)
        self._spool.forget(kept.log, kept.archived)
        moved = kept.last >= route.cursor or kept.last == route.sent
        if moved:
            route.backoff.reset()
        else:
            route.not_before = now + route.backoff.pause()
        route.sent = None
        route.cursor = kept.last + 1
        return self._holds(kept.log, route.cursor)

    def positions(self, positions: Positions) -> Sorted:
        """The answer to `asks`. An answer that follows the word of a log's end proves that it was heard."""
        told = {position.log: position for position in positions.logs}
        asked = self._questions.popleft() if self._questions else []
        verdict = Sorted([], [])
        for log in asked:
            route, position = self._routes.get(log), told.get(log)
            if route is None:
                continue
            if route.end_told or (position is None and route.ended is not None):
                verdict.over.append(log)
            elif position is not None:
                route.cursor, route.asked, route.sent = position.next, None, None
                if not self._holds(log, position.next):
                    verdict.anew.append(position)
        return verdict

    def refused(self, log: str) -> bool:
        """The control plane does not take this log, on this connection. True when it was to end anyway."""
        route = self._routes.get(log)
        if route is None:
            return False
        route.refused = True
        return route.ended is not None

    def ask_anew(self, log: str) -> None:
        """Where does this log stand? What is held of it does not fit, and will be begun anew."""
        self._routes[log] = _Route(ended=self._routes[log].ended)

    def drop(self, log: str) -> None:
        self._routes.pop(log, None)
        self._spool.drop(log)

    def _is_due(self, log: str, route: _Route, now: float) -> bool:
        if route.cursor is None or route.refused or route.end_told or now < route.not_before:
            return False
        if route.sent is not None and now - route.since < ANSWER_SECONDS:
            return False
        following = self._next(log)
        if route.cursor < following or route.sent is not None:
            return True
        if self._is_archived(log, route):
            return route.ended is not None
        return now - route.since >= PROBE_SECONDS

    def _is_archived(self, log: str, route: _Route) -> bool:
        """Is every line that was read so far kept for good?"""
        return route.cursor is not None and route.archived >= route.cursor - 1 and route.cursor >= self._next(log)

    def _next(self, log: str) -> int:
        return self._spool.next_number(log) or 0

    def _holds(self, log: str, number: int) -> bool:
        first, following = self._spool.first_number(log), self._spool.next_number(log)
        return first is not None and following is not None and first <= number <= following


def _is_to_be_asked(route: _Route, now: float) -> bool:
    known = route.cursor is not None and not route.end_told
    if known or route.refused:
        return False
    return route.asked is None or now - route.asked >= ASK_AGAIN_SECONDS
