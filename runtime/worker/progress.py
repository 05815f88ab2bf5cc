"""What changed in a job since its last report: phase, facts, steps. Coalesced until it is sent."""

import threading
import time
from collections.abc import Callable

import msgspec

from runtime.contract.reports import Progress, Step
from runtime.procedures.ports import StepEnd

MAX_STEPS = 500  # what lies beyond is carried out but not told
MAX_NAME = 500
MAX_DETAIL = 1000


class ProgressBook:
    """Safe to use from several threads. `on_change` is called without the book's lock."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._lock = threading.Lock()
        self._steps: dict[int, Step] = {}
        self._dirty: set[int] = set()
        self._phase: str | None = None
        self._facts: dict[str, str] = {}
        self._started = False  # the first report says that the job runs
        self._told_start = False
        self._on_its_way = False

    @property
    def is_waiting(self) -> bool:
        """Is there anything to report, or on its way?"""
        with self._lock:
            return self._on_its_way or self._has_news()

    def start(self) -> None:
        """The job runs."""
        with self._lock:
            self._started = True
        self._on_change()

    def phase(self, name: str) -> None:
        with self._lock:
            self._phase = name
        self._on_change()

    def fact(self, key: str, value: str) -> None:
        with self._lock:
            self._facts[key] = value
        self._on_change()

    def begin(self, name: str) -> int:
        """A step starts; its number, from 1."""
        with self._lock:
            number = len(self._steps) + 1
            self._steps[number] = Step(number=number, name=name[:MAX_NAME], state="running", started_ns=time.time_ns())
            self._touch(number)
        self._on_change()
        return number

    def end(self, number: int, *, state: StepEnd, cached: bool, detail: str) -> None:
        with self._lock:
            step = self._steps[number]
            if step.state != "running":
                return
            self._steps[number] = msgspec.structs.replace(
                step, state=state, cached=cached, detail=detail[:MAX_DETAIL], finished_ns=time.time_ns()
            )
            self._touch(number)
        self._on_change()

    def lines(self, first: int, last: int, *, step: int | None) -> None:
        """These lines belong to the step, else to every open one. Told with the step's end, or with other news."""
        with self._lock:
            numbers = [step] if step in self._steps else self._open() if step is None else []
            for number in numbers:
                known = self._steps[number]
                self._steps[number] = msgspec.structs.replace(
                    known,
                    first_line=first if known.first_line is None else min(first, known.first_line),
                    last_line=max(last, known.last_line or 0),
                )
                if known.first_line is None or known.state != "running":
                    self._touch(number)

    def close(self, state: StepEnd) -> None:
        """The job is over: steps still open end so."""
        for number in self.open_steps():
            self.end(number, state=state, cached=False, detail="")

    def open_steps(self) -> list[int]:
        with self._lock:
            return self._open()

    def all_steps(self) -> list[Step]:
        with self._lock:
            return list(self._steps.values())[:MAX_STEPS]

    def take(self) -> Progress | None:
        """Everything new, on its way until `done` or `put_back`; None when there is nothing."""
        with self._lock:
            if not self._has_news():
                return None
            news = Progress(
                state="running" if self._started and not self._told_start else None,
                phase=self._phase,
                steps=[self._steps[number] for number in sorted(self._dirty)],
                facts=self._facts,
            )
            self._dirty, self._phase, self._facts, self._told_start = set(), None, {}, self._started
            self._on_its_way = True
            return news

    def done(self) -> None:
        """What was taken is reported."""
        with self._lock:
            self._on_its_way = False

    def put_back(self, news: Progress) -> None:
        """It was not reported; what came later counts more."""
        with self._lock:
            self._dirty |= {step.number for step in news.steps}
            self._phase = self._phase or news.phase
            self._facts = news.facts | self._facts
            self._told_start = self._told_start and news.state is None
            self._on_its_way = False

    def _has_news(self) -> bool:
        return bool(self._dirty or self._phase or self._facts or self._started != self._told_start)

    def _open(self) -> list[int]:
        return [number for number, step in self._steps.items() if step.state == "running"]

    def _touch(self, number: int) -> None:
        if number <= MAX_STEPS:
            self._dirty.add(number)
