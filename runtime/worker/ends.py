"""Slipway's own lines in a container's log: where it ended, with what, and where it was started again.

Each is told once: the spool remembers, beside the reader of the container, a reader of its ends and one of its starts.
"""

import threading

from runtime.contract.names import LABEL_LOG
from runtime.contract.reports import Line
from runtime.engine.values import Container
from runtime.worker.spool import Spool

KILLED = 137


def tell_end(*, spool: Spool, container: Container, unless: threading.Event) -> bool:
    """After the last line of a container that has ended, as it is seen now. True when a line was written."""
    log, ended = container.labels[LABEL_LOG], container.finished_ns
    if ended is None or _is_told(spool, container, "end", ended):
        return False
    ns = max(ended, spool.reader_ns(log, container.container_id) or 0)
    return _tell(spool, container, "end", ns, end_words(container), unless)


def tell_start(*, spool: Spool, container: Container, unless: threading.Event) -> bool:
    """Before the first line of a container that has run before, if that end was told. True when a line was written."""
    ended, started = container.finished_ns, container.started_ns
    if ended is None or started is None or started <= ended:
        return False
    if not _is_told(spool, container, "end", ended) or _is_told(spool, container, "start", started):
        return False
    return _tell(spool, container, "start", started, start_words(container), unless)


def end_words(container: Container) -> str:
    """How it ended, as far as the engine says it still."""
    if container.exit_code is None:
        return "Slipway: the container ended here."
    why = ""
    if container.oom_killed:
        why = ": it ran out of memory and was killed"
    elif container.exit_code == KILLED:
        why = ": it was killed"
    again = " The engine starts it again." if container.status == "restarting" else ""
    return f"Slipway: the container ended with exit code {container.exit_code}{why}.{again}"


def start_words(container: Container) -> str:
    """That it runs again."""
    count = f", restart {container.restarts} by the engine" if container.restarts else ""
    return f"Slipway: the container was started again{count}."


def _is_told(spool: Spool, container: Container, what: str, ns: int) -> bool:
    """Also when the control plane holds a later line already, and what was told here is forgotten."""
    log = container.labels[LABEL_LOG]
    told = spool.reader_ns(log, _key(container, what))
    return spool.resume_ns(log) >= ns if told is None else told >= ns


def _tell(spool: Spool, container: Container, what: str, ns: int, text: str, unless: threading.Event) -> bool:
    """Without room it is left out: what the container said matters more."""
    lines: list[Line] = [(ns, "s", text)]
    done = spool.append(container.labels[LABEL_LOG], lines, container=_key(container, what), unless=unless)
    return done is not None


def _key(container: Container, what: str) -> str:
    return f"{container.container_id}#{what}"
