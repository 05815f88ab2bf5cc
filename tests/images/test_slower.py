"""What made a build slower than the one before."""

from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.images.insight.slower import MOST, SMALLEST, WAITED, Cause, Run, Timed, causes


def run(*steps: Timed, waited: float = 0.0, took: float = 0.0) -> Run:
    return Run(steps=steps, waited=waited, took=took)


def step(name: str, seconds: float, *, cached: bool = False) -> Timed:
    return Timed(name=name, seconds=seconds, cached=cached)


def test_steps_are_known_by_what_they_do_and_not_by_their_place() -> None:
    before = run(step("[1/3] FROM a", 1), step("[2/3] RUN make", 5), step("[3/3] RUN test", 2, cached=True))
    now = run(
        step("[1/4] FROM a", 1),
        step("[2/4] RUN lint", 3),
        step("[3/4] RUN make", 9),
        step("[4/4] RUN test", 2.5),
        waited=7,
    )
    assert causes(now, before) == [
        Cause(name=WAITED, kind="queue", seconds=7),
        Cause(name="[3/4] RUN make", kind="slower", seconds=4),
        Cause(name="[2/4] RUN lint", kind="new", seconds=3),
        Cause(name="[4/4] RUN test", kind="not cached", seconds=0.5),
    ]


def test_stages_and_the_same_words_twice_are_told_apart() -> None:
    before = run(step("[one 2/2] RUN make", 1), step("[two 2/3] RUN make", 1), step("[two 3/3] RUN make", 1))
    now = run(step("[two 2/4] RUN make", 1), step("[two 3/4] RUN make", 6), step("[one 2/9] RUN make", 1))
    assert causes(now, before) == [Cause(name="[two 3/4] RUN make", kind="slower", seconds=5)]


def test_what_is_quicker_or_as_quick_is_no_cause() -> None:
    before = run(step("RUN a", 5), step("RUN b", 1), waited=9)
    assert causes(run(step("RUN a", 1), step("RUN b", 1 + SMALLEST / 2)), before) == []


TIMED = st.builds(
    Timed,
    name=st.sampled_from(["RUN a", "[1/2] RUN a", "[x 2/2] RUN b", "FROM c"]),
    seconds=st.floats(min_value=0, max_value=1e6),
    cached=st.booleans(),
)
RUNS = st.builds(Run, steps=st.lists(TIMED, max_size=20), waited=st.floats(0, 1e4), took=st.floats(0, 1e4))


@settings(deadline=None)
@given(RUNS, RUNS)
def test_they_are_few_and_the_greatest_stands_first(now: Run, before: Run) -> None:
    found = causes(now, before)
    assert len(found) <= MOST and all(cause.seconds >= SMALLEST for cause in found)
    assert found == sorted(found, key=lambda cause: -cause.seconds) or len({c.seconds for c in found}) < len(found)


@settings(deadline=None)
@given(RUNS)
def test_nothing_made_a_build_slower_than_itself(now: Run) -> None:
    assert causes(now, now) == []
