"""What a procedure is given and what it gives back. `runtime.worker` implements `Reporter` and
calls the procedures.

    build_image(order, *, engine, reporter, secrets, workdir, instance) -> ImageResult
    converge_service(order, *, engine, reporter, secrets, instance, job, prober, edge, files) -> ServiceResult

Both end in a result, or raise `ProcedureError` (an answer: no) or `Cancelled` (the reporter said
stop, and what was half done was put back). Nothing else is raised on purpose: anything else is a
fault of ours. What their problems and results say has been masked; lines and step details are
masked by the reporter, with `runtime.redaction.Redactor`.
"""

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from runtime.contract.reports import Problem, Result, Stream
from runtime.redaction import Secret

Secrets = Mapping[str, Secret]  # name of a secret in the claim -> its value
StepEnd = Literal["succeeded", "failed", "cancelled"]


class FileOwner(NamedTuple):
    """Whom a file belongs to, by number."""

    uid: int
    gid: int


class ProcedureError(Exception):
    """The order could not be carried out. `result` says what was left standing, where that
    matters.
    """

    def __init__(self, problem: Problem, *, result: Result | None = None) -> None:
        super().__init__(f"{problem.code}: {problem.message}")
        self.problem = problem
        self.result = result


class Cancelled(Exception):
    """Somebody asked to stop. Raised by the reporter between steps; `result` is added by a
    procedure that undid its work.
    """

    def __init__(self, *, result: Result | None = None) -> None:
        super().__init__("cancelled")
        self.result = result


class Reporter(Protocol):
    """Where a procedure tells what it does. Calls are cheap and never fail: sending is the
    worker's business.
    """

    def phase(self, name: str) -> None:
        """The job entered this phase: a state of its subject (building, pushing, rolling)."""

    def fact(self, key: str, value: str) -> None:
        """Something found out on the way, e.g. `commit`, `builder`."""

    def line(self, stream: Stream, text: str, *, step: int | None = None) -> None:
        """One line of the job's log, without its newline, raw: the reporter masks, makes visible
        and splits.

        With `step`, the line widens that step's first_line..last_line; else it belongs to the
        steps now open.
        """

    def begin(self, name: str) -> int:
        """A step starts; its number. Several may be open at once, for a builder works in parallel."""

    def end(self, number: int, *, state: StepEnd = "succeeded", cached: bool = False, detail: str = "") -> None:
        """The step ended. Ending it again changes nothing."""

    def step(self, name: str) -> AbstractContextManager[int]:
        """`begin` and `end` around a block: failed when it raises, cancelled when it raises
        `Cancelled`.
        """

    def cancelled(self) -> bool:
        """Did somebody ask to stop? Safe to call from any thread, and cheap enough to poll."""

    def check_cancelled(self) -> None:
        """Raises `Cancelled` if so."""

    def wait(self, seconds: float) -> None:
        """Lets `seconds` pass; raises `Cancelled` at once when somebody asks to stop meanwhile."""

    def now(self) -> float:
        """Seconds of a clock that only goes forward."""


class SecretFiles(Protocol):
    """Where this host keeps secrets that containers read as files. Each container has a folder, by a name of ours."""

    def write(
        self, *, service: str, environment: str, container: str, files: Mapping[str, Secret], owner: FileOwner
    ) -> Path:
        """The folder, with just these files in it, which `owner` alone may read. ProcedureError: not on this host."""

    def keep(self, *, service: str, environment: str, containers: Collection[str]) -> None:
        """Of the service there only these containers' folders stay. Done twice is done once."""
