"""The times of a health check hold, whatever a service does: a clock that only waiting and asking moves."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.contract.container import ContainerSpec, Health, Restart
from runtime.engine.fake import FakeEngine
from runtime.engine.values import ContainerPlan
from runtime.proving import SHORTEST_QUESTION, Unhealthy, prove_healthy
from tests.procedures.rig import Told

SLACK = 0.02  # a look is never sooner than this after another


@dataclass
class Moody:
    """A service that is well at some times; a no may take it all the time that it is given."""

    told: Told
    changes: list[float]  # seconds at which its mood changes; it begins unwell
    slow: bool = False
    answers: list[tuple[float, bool]] = field(default_factory=list)

    def tcp(self, address: str, port: int, *, timeout: float) -> str | None:
        began = self.told.clock
        well = sum(change <= began for change in self.changes) % 2 == 1
        if not well and self.slow:
            self.told.clock += timeout
        self.answers.append((began, well))
        return None if well else "not now"

    def http(self, address: str, port: int, path: str, *, timeout: float) -> str | None:
        raise AssertionError("nobody asked for a page")


HEALTH = st.builds(
    Health,
    kind=st.just("tcp"),
    port=st.just(80),
    interval=st.floats(0.1, 20.0),
    timeout=st.floats(0.1, 10.0),
    grace=st.floats(0.0, 20.0),
    deadline=st.floats(1.0, 40.0),
    minimum_healthy=st.floats(0.0, 20.0),
)


def engine_with(count: int) -> tuple[FakeEngine, list[str]]:
    engine = FakeEngine()
    engine.networks["n"] = {}
    image = engine.add_image(tag="x").image_id
    spec = ContainerSpec(image=image, command=("sleep", "300"), restart=Restart(policy="no"))
    made = []
    for number in range(count):
        plan = ContainerPlan(name=f"c{number}", spec=spec, variables={}, labels={}, network="n", alias="c")
        made.append(engine.create(plan))
        engine.start(made[-1])
    return engine, made


def prove(health: Health, service: Moody, count: int = 1) -> str:
    engine, made = engine_with(count)
    try:
        prove_healthy(engine=engine, containers=made, health=health, prober=service, reporter=service.told)
    except Unhealthy as error:
        return error.reason
    return ""


@settings(max_examples=120, deadline=None)
@given(HEALTH, st.lists(st.floats(0.0, 70.0), max_size=6), st.booleans())
def test_every_time_is_honoured(health: Health, changes: list[float], slow: bool) -> None:
    told = Told()
    service = Moody(told, sorted(changes), slow)
    why = prove(health, service)
    late = health.grace + health.deadline
    latest = late + health.minimum_healthy + SHORTEST_QUESTION + SLACK
    assert told.clock <= latest, "it is over in time, whatever the service does"
    if why:
        assert told.clock >= late - SLACK, "nobody who lives is given up before the deadline"
    else:
        stay = [well for moment, well in service.answers if moment >= told.clock - health.minimum_healthy - 1e-6]
        assert all(stay) and service.answers[-1][1], "it was well all the time that counts"
        first = max((moment for moment, well in service.answers if not well), default=-1.0)
        began = min(moment for moment, _ in service.answers if moment > first)
        assert began < late and told.clock - began >= health.minimum_healthy - 1e-6
    gaps = [after - before for (before, _), (after, _) in zip(service.answers, service.answers[1:], strict=False)]
    assert max(gaps, default=0.0) <= health.interval + (health.timeout if slow else 0.0) + SLACK


@settings(max_examples=50, deadline=None)
@given(HEALTH, st.floats(0.0, 1.0))
def test_who_becomes_well_in_time_and_stays_so_is_proved(health: Health, when: float) -> None:
    becomes = when * max(health.grace + health.deadline - health.interval - health.timeout - SLACK, 0.0)
    assert prove(health, Moody(Told(), [becomes])) == ""


def test_a_late_one_of_many_stops_them_all_in_time() -> None:
    health = Health(kind="tcp", port=80, deadline=10.0, timeout=9.0, interval=300.0)
    told = Told()
    assert "not healthy within 10 s" in prove(health, Moody(told, [], slow=True), count=8)
    assert told.clock <= 10.0 + 8 * SHORTEST_QUESTION + SLACK


@pytest.mark.parametrize("interval", [30.0, 300.0])
def test_a_rare_look_does_not_make_the_deadline_a_later_one(interval: float) -> None:
    told = Told()
    assert prove(Health(kind="tcp", port=80, deadline=10.0, interval=interval), Moody(told, []))
    assert 10.0 <= told.clock <= 10.0 + SLACK
