"""Any orders, carried out by workers that die, are told to stop or meet a broken engine anywhere: what holds at every
moment, and what is there in the end.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.contract.container import Health, Limits
from runtime.contract.orders import ConvergeService, ReplicaSpec
from runtime.engine.errors import EngineUnavailable
from runtime.engine.fake_calls import Trouble
from runtime.procedures.converge_waves import pace_of
from runtime.procedures.ports import Cancelled, ProcedureError
from tests.procedures.rig import Harbour, order, with_spec

CHANGING = ("create", "start", "stop", "rename", "remove")
CALLS_FOR_ONE = 40  # engine calls that one attempt may make for each container there is or is to be
NEVER = Health(kind="command", command=("false",), deadline=1.0)


class Death(BaseException):
    """The worker's, at this very moment."""


@dataclass(frozen=True)
class Fate:
    """What befalls an attempt at its so many-th call."""

    kind: str
    call: int


@dataclass(frozen=True)
class Wish:
    """One order, and what befalls each attempt at it before one is left in peace."""

    release: int
    replicas: int
    stopped: int  # so many of them stand still
    pace: Mapping[str, Any]
    broken: bool
    fates: tuple[Fate, ...]


@dataclass
class Watch:
    """Looks at the engine before every call, and is the hand of fate."""

    harbour: Harbour
    least: int = 0  # containers that run
    most: int = 0
    calls: int = 0
    fate: Fate | None = None
    wrong: list[str] = field(default_factory=list)

    def __call__(self, verb: str) -> None:
        self.calls += 1
        containers = list(self.harbour.engine.containers.values())
        up = sum(one.status == "running" for one in containers)
        going_back = any(name == "Take it back" for name, *_ in self.harbour.told.steps.values())
        if up < self.least or (up > self.most and not going_back):
            self.wrong.append(f"{up} run before call {self.calls}, {verb}: {self.least} to {self.most} may")
        labels = [one.plan.labels for one in containers]
        of_one = Counter((one["slipway.generation"], one["slipway.replica"]) for one in labels)
        self.wrong += [f"{count} containers of {one}" for one, count in of_one.items() if count > 1]
        if self.fate is not None and self.calls == self.fate.call:
            self._strike(self.fate.kind)

    def _strike(self, kind: str) -> None:
        if kind == "dies":
            raise Death
        if kind == "cancelled":
            self.harbour.told.stopping = True
        else:
            after = kind == "answers no more"
            self.harbour.engine.trouble = [
                Trouble(call=verb, error=EngineUnavailable("it broke off"), after=after) for verb in CHANGING
            ]


PACES = st.one_of(
    st.fixed_dictionaries({"surge": st.integers(1, 4), "unavailable": st.integers(0, 3)}),
    st.fixed_dictionaries({"start_first": st.just(False), "unavailable": st.integers(0, 4)}),
    st.just({"surge": 4, "until": "proved"}),
    st.just({"start_first": False, "unavailable": 4, "until": "stopped"}),
)
FATES = st.builds(
    Fate, kind=st.sampled_from(["dies", "cancelled", "breaks off", "answers no more"]), call=st.integers(1, 50)
)
WISHES = st.builds(
    Wish,
    release=st.integers(1, 3),
    replicas=st.integers(0, 4),
    stopped=st.sampled_from([0, 0, 0, 4]),  # a plan wants all copies of another release to run, or none
    pace=PACES,
    broken=st.sampled_from([False, False, True]),
    fates=st.lists(FATES, max_size=2).map(tuple),
)


def made(image: str, wish: Wish, generation: int) -> ConvergeService:
    """Of one release the replicas are the same ones whenever it is wanted. A broken one never proves its health."""
    replicas = tuple(
        ReplicaSpec(
            replica=f"01replica0000000000r{wish.release}i{index:02d}{'bad' if wish.broken else 'fit'}",
            index=index,
            log=f"log{wish.release}{index}",
            desired="stopped" if index <= wish.stopped else "running",
        )
        for index in range(1, wish.replicas + 1)
    )
    release = f"r{wish.release}{'bad' if wish.broken else ''}"
    wanted = order(image, generation=generation, release=release, replicas=0, **wish.pace)
    wanted = msgspec.structs.replace(wanted, replicas=replicas)
    spec: dict[str, Any] = {"limits": Limits(memory=2**26 + wish.release)}
    return with_spec(wanted, **spec, **({"health": NEVER} if wish.broken else {}))


def running(harbour: Harbour) -> set[str]:
    return {one.container_id for one in harbour.engine.containers.values() if one.status == "running"}


def bounds(harbour: Harbour, wanted: ConvergeService) -> tuple[int, int]:
    """How many containers run at least and at most while this is carried out, beginning with those that run now."""
    before, pace = len(running(harbour)), pace_of(wanted)
    up = sum(replica.desired == "running" for replica in wanted.replicas)
    if wanted.until == "stopped":
        return 0, before
    return min(before, up) - pace.unavailable, max(before, up) + pace.surge


def attempt(harbour: Harbour, wanted: ConvergeService, job: str) -> str:
    """How one attempt ended."""
    try:
        harbour.converge(wanted, job=job)
    except ProcedureError as error:
        return error.problem.code
    except Cancelled:
        return "cancelled"
    except Death:
        return "died"
    return "done"


def carry_out(harbour: Harbour, wish: Wish, generation: int, watch: Watch) -> str:
    """The order, attempt after attempt, until one has an answer, as one that is left in peace always has."""
    wanted, job = made(harbour.image(), wish, generation), f"job{generation:07d}"
    others = {one.container_id for one in harbour.here() if one.labels["slipway.release"] != wanted.release}
    before = running(harbour) & others
    watch.least, watch.most = bounds(harbour, wanted)
    size = len(harbour.engine.containers) + len(wanted.replicas) + 1
    clean = True
    for fate in (*wish.fates, None):
        watch.calls, watch.fate = 0, fate
        ended = attempt(harbour, wanted, job)
        harbour.engine.trouble = []
        assert not watch.wrong, watch.wrong
        assert watch.calls <= CALLS_FOR_ONE * size
        if ended not in ("died", "engine_unavailable"):
            if clean and ended != "done":
                assert before <= running(harbour), "what it was to replace serves as before"
            return ended
        clean = False
    raise AssertionError("an attempt in peace has no answer")


def check_done(harbour: Harbour, wish: Wish, generation: int) -> None:
    """What was wanted is there and nothing else, and the same order once more changes nothing."""
    wanted = made(harbour.image(), wish, generation)
    left = [one for one in harbour.here() if one.labels["slipway.release"] != wanted.release]
    names = {one.labels["slipway.replica"] for one in harbour.here() if one.status == "running"} - {
        one.labels["slipway.replica"] for one in left
    }
    up = {replica.replica for replica in wanted.replicas if replica.desired == "running"}
    if wanted.until == "stopped":
        assert not any(one.status == "running" for one in left)
    else:
        assert up <= names
    if wanted.until == "done":
        assert left == [] and names == up
    harbour.engine.calls.clear()
    attempt(harbour, wanted, f"job{generation:07d}")
    assert harbour.verbs(*CHANGING, "restart") == []


def play(wishes: list[Wish]) -> None:
    harbour = Harbour()
    watch = Watch(harbour)
    harbour.engine.before_call = watch
    for generation, wish in enumerate(wishes, start=1):
        ended = carry_out(harbour, wish, generation, watch)
        watch.least, watch.most, watch.fate = 0, 1_000, None
        if ended == "done":
            check_done(harbour, wish, generation)
    last = Wish(release=3, replicas=2, stopped=0, pace={}, broken=False, fates=())
    generation = len(wishes) + 1
    assert carry_out(harbour, last, generation, watch) == "done"
    check_done(harbour, last, generation)


@settings(max_examples=40, deadline=None)
@given(st.lists(WISHES, min_size=1, max_size=4))
def test_any_orders_under_any_fate(wishes: list[Wish]) -> None:
    play(wishes)


@pytest.mark.thorough
@settings(max_examples=300, deadline=None)
@given(st.lists(WISHES, min_size=1, max_size=6))
def test_many_more_orders_under_any_fate(wishes: list[Wish]) -> None:
    play(wishes)
