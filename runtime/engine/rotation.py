"""Where the engine's word about a log that it follows is not to be taken.

An engine that follows a log while its file is changed for a new one may leave out whole files (they came and went
while it read an older one) and may tell the newest file again from its beginning. Docker 20.10 does both. Reading
without following does neither; so a follower need only notice that it may have happened, and read on that way.
"""

from array import array
from bisect import bisect_left

# A file that was left out took longer to write than this: 20 MiB of the engine's JSON at 400 MB/s.
SHORTEST_FILE_NS = 50_000_000
# More than the lines of one file of 20 MiB; lines that are told again are of the newest file.
MAX_REMEMBERED = 300_000


class Rotation:
    """Looks at the entries of one answer, as they arrive."""

    def __init__(self) -> None:
        self._told = {"o": array("q"), "e": array("q")}  # the engine's times, ascending
        self._whole = {"o": False, "e": False}  # did the last entry end its line?
        self._last = 0
        self._arrived = 0

    def is_doubtful(self, *, ns: int, stream: str, whole: bool, now: int) -> bool:
        """May lines be missing before this entry, or was it told before? `ns` is the engine's own time of it."""
        if self._is_told_again(ns, stream) or self._may_lack_a_file(ns):
            return True
        self._last, self._arrived = ns, now
        self._remember(ns, stream)
        self._whole[stream] = whole
        return False

    def _is_told_again(self, ns: int, stream: str) -> bool:
        """Lines of one stream have times of their own; only the parts of one line share theirs."""
        told = self._told[stream]
        if not told or ns > told[-1]:
            return False
        if ns == told[-1]:
            return self._whole[stream]
        place = bisect_left(told, ns)
        return told[place] == ns

    def _may_lack_a_file(self, ns: int) -> bool:
        """A file is left out only when it was complete, and the next one begun, before the entry ahead of it came."""
        return self._last + SHORTEST_FILE_NS <= ns <= self._arrived

    def _remember(self, ns: int, stream: str) -> None:
        told = self._told[stream]
        if told and ns < told[-1]:
            del told[:]  # the clock was set back
        if len(told) >= 2 * MAX_REMEMBERED:
            del told[:MAX_REMEMBERED]
        told.append(ns)
