"""Pieces of an attempt's bytes on their way to the control plane, each until it is held or the job is not ours."""

import logging

from runtime.contract.reports import Problem
from runtime.procedures.ports import ProcedureError
from runtime.worker.attempt import Attempt
from runtime.worker.backoff import Backoff
from runtime.worker.control_plane import Refused, Unreachable

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0

logger = logging.getLogger(__name__)


def send_piece(attempt: Attempt, offset: int, piece: bytes) -> None:
    """Sends it again while nobody answers; sent twice it is taken once. ProcedureError when it is refused."""
    backoff = Backoff(first=FIRST_PAUSE_SECONDS, longest=LONGEST_PAUSE_SECONDS)
    while True:
        attempt.reporter.check_cancelled()
        try:
            held = attempt.held.piece(offset, piece)
        except Unreachable as error:
            logger.info("job %s: a piece was not taken yet: %s", attempt.claim.job, error)
            attempt.reporter.wait(backoff.pause())
            continue
        except Refused as error:
            raise ProcedureError(_refused(str(error))) from error
        if held != offset + len(piece):
            raise ProcedureError(_refused(f"it holds {held} bytes, and {offset + len(piece)} were sent"))
        return


def _refused(why: str) -> Problem:
    return Problem(
        code="export_refused",
        whose="us",
        message=f"The control plane did not take the archive: {why}.",
        advice="Look whether its disk is full, then try again.",
        retry_helps=True,
    )
