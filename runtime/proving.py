"""How replicas prove that they serve: asked again and again until each has been well for long enough.

The times of a check, in seconds: within `grace` + `deadline` a replica has to become well, and to stay so for
`minimum_healthy`; a stay that began in time may end later. `interval` is the longest pause between two looks, `timeout`
the longest that one question takes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from runtime.contract.container import Health
from runtime.engine.base import Engine
from runtime.engine.values import Container
from runtime.health import Prober, complaint_of
from runtime.procedures.ports import Reporter

FIRST_PAUSE = 0.05
SHORTEST_PAUSE = 0.01
SHORTEST_QUESTION = 0.1
GROWTH = 1.6


class Unhealthy(Exception):
    """It did not prove itself. `container` is how it was last seen."""

    def __init__(self, reason: str, container: Container) -> None:
        super().__init__(reason)
        self.reason = reason
        self.container = container


def prove_healthy(
    *,
    engine: Engine,
    containers: Sequence[str],
    health: Health,
    prober: Prober,
    reporter: Reporter,
    proven: Callable[[str], None] = lambda container: None,
) -> None:
    """Returns when every one of these containers has proved itself; `proven` is told of each, as it does.

    Raises Unhealthy for the first that ended, crashes again and again, or is late; Cancelled when the reporter says
    so; and what the engine raises. Who is watched with others is looked at in turn, so one that answers slowly may
    hold up the look at another by one question.
    """
    begun = reporter.now()
    left = [_Proof(container=container, health=health, begun=begun) for container in containers]
    while left:
        proof = min(left, key=lambda one: one.due)
        reporter.check_cancelled()
        if (pause := proof.due - reporter.now()) > 0:
            reporter.wait(pause)
        if proof.look(engine, prober, reporter.now):
            left.remove(proof)
            proven(proof.container)


@dataclass(slots=True, kw_only=True)
class _Proof:
    """How far one container has come."""

    container: str
    health: Health
    begun: float
    due: float = field(init=False)  # when it is looked at next
    pauses: Iterator[float] = field(init=False)
    well_since: float | None = None
    incarnation: int | None = None

    def __post_init__(self) -> None:
        self.due, self.pauses = self.begun, _pauses(self.health.interval)

    def look(self, engine: Engine, prober: Prober, now: Callable[[], float]) -> bool:
        """True when it has proved itself, else `due` says when to look again. Raises Unhealthy."""
        container = engine.container(self.container)
        _require_alive(container, self.health)
        deadline = self.begun + self.health.grace + self.health.deadline
        complaint = _complaint(container, self.health, prober, left=deadline - now())
        moment = now()
        if complaint is not None or container.started_ns != self.incarnation:
            self.well_since = None
        self.incarnation = container.started_ns
        if complaint is None and self.well_since is None:
            self.well_since = moment
        if self.well_since is not None and moment - self.well_since >= self.health.minimum_healthy:
            return True
        if moment >= deadline and (self.well_since is None or self.well_since >= deadline):
            waited = self.health.grace + self.health.deadline
            raise Unhealthy(f"not healthy within {waited:g} s: {complaint or 'unsteady'}", container)
        self.due = moment + max(min(next(self.pauses), self._until_it_counts(moment, deadline)), SHORTEST_PAUSE)
        return False

    def _until_it_counts(self, moment: float, deadline: float) -> float:
        """Seconds to the moment at which the next look decides."""
        if self.well_since is None:
            return deadline - moment
        return self.well_since + self.health.minimum_healthy - moment


def _pauses(longest: float) -> Iterator[float]:
    """Short at first, because most services are up in a moment, then `longest`."""
    pause = FIRST_PAUSE
    while True:
        yield min(pause, longest)
        pause = min(pause * GROWTH, longest)


def _require_alive(container: Container, health: Health) -> None:
    if container.status in ("exited", "dead", "removing"):
        raise Unhealthy(_how_it_ended(container), container)
    if container.restarts > health.retries:
        raise Unhealthy(f"it keeps crashing: restarted {container.restarts} times", container)


def _how_it_ended(container: Container) -> str:
    if container.oom_killed:
        return "it ran out of memory and was killed"
    said = f": {container.message}" if container.message else ""
    return f"it ended with exit code {container.exit_code}{said}"


def _complaint(container: Container, health: Health, prober: Prober, *, left: float) -> str | None:
    """Why it is not well at this moment; None when it is. `left`: seconds to its deadline."""
    if container.status != "running":
        return f"the container is {container.status}"
    if health.kind in ("tcp", "http"):
        return complaint_of(container, health, prober, min(health.timeout, max(left, SHORTEST_QUESTION)))
    if health.kind in ("command", "image") and container.health != "none":
        return None if container.health == "healthy" else f"its check says {container.health}"
    return None
