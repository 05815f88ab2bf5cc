"""How a procedure ends when it cannot do what was ordered: in one of two ways, with no secret in it."""

from collections.abc import Iterator
from contextlib import contextmanager

from runtime.contract.reports import Problem
from runtime.dockerfile import DockerfileRefused
from runtime.edge.base import EdgeError
from runtime.engine.errors import EngineError, WorkCancelled
from runtime.procedures.ports import Cancelled, ProcedureError
from runtime.procedures.problems import masked
from runtime.redaction import Redactor
from runtime.sources.context import SourceError


@contextmanager
def answered(redactor: Redactor) -> Iterator[None]:
    """What goes wrong inside leaves as `Cancelled` or as a `ProcedureError`; only a fault of ours leaves as it is."""
    try:
        yield
    except WorkCancelled as error:
        raise Cancelled from error
    except (ProcedureError, SourceError) as error:
        result = error.result if isinstance(error, ProcedureError) else None
        raise ProcedureError(masked(error.problem, redactor), result=result) from error
    except DockerfileRefused as error:
        problem = Problem(code="build_refused", whose="user", message=str(error))
        raise ProcedureError(masked(problem, redactor)) from error
    except (EngineError, EdgeError) as error:
        raise ProcedureError(masked(error.problem(), redactor)) from error
