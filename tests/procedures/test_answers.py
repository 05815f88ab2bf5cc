"""Whatever goes wrong in a procedure leaves in one of two ways, with no secret in it."""

import pytest

from runtime.contract.reports import Problem, ServiceResult
from runtime.dockerfile import DockerfileRefused
from runtime.engine.errors import EngineUnavailable, WorkCancelled
from runtime.procedures.answers import answered
from runtime.procedures.ports import Cancelled, ProcedureError
from runtime.redaction import Redactor, Secret
from runtime.sources.context import SourceError

REDACTOR = Redactor([Secret("hunter22")])
RESULT = ServiceResult(replicas=[])


@pytest.mark.parametrize(
    ("error", "code", "whose"),
    [
        (SourceError("hunter22 is away", evidence=["hunter22"]), "source_refused", "user"),
        (DockerfileRefused("no hunter22"), "build_refused", "user"),
        (EngineUnavailable("hunter22 broke off", evidence=["hunter22"]), "engine_unavailable", "host"),
        (ProcedureError(Problem(code="c", whose="us", message="hunter22")), "c", "us"),
    ],
)
def test_what_is_known_leaves_as_a_problem_that_names_no_secret(error: Exception, code: str, whose: str) -> None:
    with pytest.raises(ProcedureError) as caught, answered(REDACTOR):
        raise error
    assert (caught.value.problem.code, caught.value.problem.whose) == (code, whose)
    assert "hunter22" not in repr(caught.value.problem) and "hunter22" not in str(caught.value)
    assert caught.value.__cause__ is error


def test_what_was_left_standing_goes_along() -> None:
    with pytest.raises(ProcedureError) as caught, answered(REDACTOR):
        raise ProcedureError(Problem(code="c", whose="us", message="m"), result=RESULT)
    assert caught.value.result is RESULT


def test_work_that_was_stopped_was_cancelled() -> None:
    with pytest.raises(Cancelled), answered(REDACTOR):
        raise WorkCancelled("it was cancelled")
    with pytest.raises(Cancelled) as caught, answered(REDACTOR):
        raise Cancelled(result=RESULT)
    assert caught.value.result is RESULT


def test_a_fault_of_ours_stays_one() -> None:
    with pytest.raises(ZeroDivisionError), answered(REDACTOR):
        raise ZeroDivisionError
