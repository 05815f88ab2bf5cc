"""Problems as they may leave the host."""

import msgspec

from runtime.contract.reports import Problem
from runtime.redaction import Redactor


def masked(problem: Problem, redactor: Redactor) -> Problem:
    """The same problem with no secret and no control sequence in any text of it."""
    return msgspec.structs.replace(
        problem,
        message=redactor.clean(problem.message),
        advice=redactor.clean(problem.advice),
        evidence=[part for text in problem.evidence for part in redactor.lines(text)],
    )
