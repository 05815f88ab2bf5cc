"""The one task of a host: somebody rang, about one job."""

import logging
from collections.abc import Callable

from runtime.contract import CONTRACT_VERSION
from runtime.contract.names import ID

logger = logging.getLogger(__name__)


def ring(job: object, contract: object, *, carry_out: Callable[[str], None]) -> None:
    """Carries out the job that the message names. A message that is no doorbell is dropped, with a word in the log."""
    if not isinstance(job, str) or not ID.fullmatch(job):
        logger.error("a doorbell without a job's id was dropped")
    elif contract != CONTRACT_VERSION:
        logger.error("job %s: rung in contract version %.20r, this worker speaks %d", job, contract, CONTRACT_VERSION)
    else:
        carry_out(job)
