"""What other rooms do with logs: open one, say something in it, end it."""

import logging
import time
from functools import partial

import msgspec
from django.db import transaction
from django.utils.timezone import now

from runtime.contract.reports import MAX_LINE_BYTES
from webapp.logs import archive, tail
from webapp.logs.models import Log
from webapp.problems import Conflicting, Refusal, Unavailable
from webapp.teams.models import Project

KINDS = frozenset({"backup", "build", "comparison", "push", "deployment", "export", "forgetting", "replica", "volume"})
WRITE_ATTEMPTS = 3
MAX_TEXT = MAX_LINE_BYTES // 4  # characters; a character takes four bytes at most

logger = logging.getLogger(__name__)


def open_log(*, project: Project, kind: str) -> Log:
    """A new, empty log. `kind` is one of `KINDS`."""
    if kind not in KINDS:
        raise ValueError(f"not a kind of log: {kind!r}")
    return Log.objects.create(project=project, kind=kind)


def write(log: Log, *texts: str) -> None:
    """Slipway's own words, one line each; to be called only while no host writes to this log.

    Best effort: a remark that cannot be written (Redis away, the log has ended) does not stop the verb that makes it.
    """
    stamp = time.time_ns()
    for text in texts:
        try:
            _write_one(log.id, text[:MAX_TEXT], stamp)
        except Refusal as refusal:
            logger.warning("log %s: not written: %s (%s)", log.id, text, refusal.detail)


def _write_one(log_id: str, text: str, stamp: int) -> None:
    for _ in range(WRITE_ATTEMPTS):
        number = tail.state(log_id=log_id).last + 1
        kept = tail.append(log_id=log_id, first=number, lines=[(stamp, "s", text)])
        if kept.last >= number:
            return
    raise Conflicting(code="log.contended", detail="This log takes no line just now.")


def end_log(*, log: Log, state: str) -> None:
    """Archive what is left, mark the end and tell the readers (on commit). A log that has ended stays as it is.

    Raises `Unavailable` when Redis is away: what it holds would be cut off.
    """
    archive.archive_log(log.id)
    ended = Log.objects.filter(id=log.id, end_state="").update(end_state=state, ended_at=now())
    if ended:
        transaction.on_commit(partial(_tell_end, log_id=log.id))


def _tell_end(*, log_id: str) -> None:
    """Readers ask the database too, so a Redis that is away only makes them learn it later."""
    log = Log.objects.filter(id=log_id).first()
    if log is None:
        return
    try:
        tail.mark_end(log_id=log_id, last=log.archived_to, last_ns=log.archived_ns, end=end_of(log))
    except Unavailable as refusal:
        logger.warning("log %s has ended, its readers learn it later: %s", log_id, refusal.detail)


def end_of(log: Log) -> str:
    """A log's end as readers get it: `{"state", "lines"}`, JSON."""
    return msgspec.json.encode({"state": log.end_state, "lines": log.archived_to}).decode()
