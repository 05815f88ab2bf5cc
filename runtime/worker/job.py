"""One job from the doorbell to the last word: claim, carry out, finish."""

import logging
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from runtime.contract.reports import Claim, Finish, Problem, Result
from runtime.procedures.ports import Cancelled, ProcedureError, StepEnd
from runtime.procedures.problems import masked
from runtime.worker import procedures
from runtime.worker.attempt import Attempt, Hands, at_work
from runtime.worker.backoff import Backoff
from runtime.worker.control_plane import LinesMissing, Refused, Unreachable
from runtime.worker.lease import boot_clock
from runtime.worker.reporter import Abandoned

CLAIM_TRIES = 6
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0
MAX_EVIDENCE = 20

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Ending:
    state: StepEnd
    result: Result | None = None
    problem: Problem | None = None


def carry_out(job: str, *, hands: Hands) -> None:
    """Claims the job and does it. Never raises: what goes wrong is reported, or found by the lease."""
    try:
        since = boot_clock()
        claim = _claim(job, hands)
        if claim is None:
            logger.info("job %s: nothing to claim", job)
            return
        logger.info("job %s: attempt %d begins", job, claim.attempt)
        with at_work(claim, since, hands) as attempt:
            ending = _do(attempt, hands)
            _finish(attempt, ending)
    except (Refused, Unreachable) as error:
        logger.warning("job %s: not claimed: %s", job, error)
    except Exception:
        logger.exception("job %s: given up", job)


def _claim(job: str, hands: Hands) -> Claim | None:
    """A claim whose answer is lost is found by its lease; the next try is told that there is nothing to claim."""
    backoff = Backoff(first=FIRST_PAUSE_SECONDS, longest=LONGEST_PAUSE_SECONDS)
    for _ in range(CLAIM_TRIES - 1):
        try:
            return hands.control_plane.claim(job)
        except Unreachable as error:
            logger.info("job %s: %s", job, error)
            time.sleep(backoff.pause())
    return hands.control_plane.claim(job)


def _do(attempt: Attempt, hands: Hands) -> _Ending:
    """How it ended, whatever happened."""
    try:
        with hands.turns.turn(procedures.subject(attempt.claim.order), meanwhile=attempt.reporter.check_cancelled):
            attempt.outbox.book.start()
            return _Ending("succeeded", procedures.run(attempt, hands))
    except Cancelled as cancelled:
        return _Ending("cancelled", cancelled.result)
    except ProcedureError as error:
        return _Ending("failed", error.result, error.problem)
    except Abandoned:
        return _Ending("failed")
    except Exception as error:
        if not attempt.lease.is_over():
            logger.exception("job %s: a fault of ours", attempt.claim.job)
        return _Ending("failed", problem=masked(_our_fault(error), attempt.redactor))


def _our_fault(error: Exception) -> Problem:
    last = traceback.format_exception_only(error)[-1].strip()
    frames = traceback.extract_tb(error.__traceback__)[-MAX_EVIDENCE:]
    return Problem(
        code="worker_fault",
        whose="us",
        message=f"Slipway itself failed: {last}",
        advice="Try again. If it stays so, report it with these lines.",
        retry_helps=True,
        evidence=[f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames],
    )


def _finish(attempt: Attempt, ending: _Ending) -> None:
    """Says the last word until it is heard, or until the job is not ours any more."""
    if attempt.lease.is_over():
        return
    attempt.outbox.book.close(ending.state)
    finish = Finish(
        state=ending.state,
        last_line=attempt.outbox.last,
        result=ending.result,
        problem=ending.problem,
        steps=attempt.outbox.book.all_steps(),
    )
    backoff = Backoff(first=FIRST_PAUSE_SECONDS, longest=LONGEST_PAUSE_SECONDS)
    while True:
        attempt.outbox.settle()
        if attempt.lease.is_over():
            return
        attempt.lease.end()
        try:
            attempt.held.finish(finish)
            logger.info("job %s: %s", attempt.claim.job, ending.state)
            return
        except LinesMissing as missing:
            attempt.outbox.go_on_after(missing.last)
        except Unreachable as error:
            logger.info("job %s: the end was not heard yet: %s", attempt.claim.job, error)
        except Refused as error:
            attempt.lease.abandon(str(error))
            return
        time.sleep(backoff.pause())
