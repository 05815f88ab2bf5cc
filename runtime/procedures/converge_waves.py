"""In what order one release takes over from another on a host: replicas in waves, within what may be extra and down.
Pure.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from runtime.contract.orders import ConvergeService
from runtime.procedures.converge_plan import Plan, Turn

WORKED_ON = ("create", "start", "restart", "prove", "check")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """So many containers more than wanted, and so many replicas down, at a time; one of them at least."""

    surge: int
    unavailable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Turns that are taken together. The former containers of `down_first` stop before anything starts, those of
    `served_first` when all of the wave serve; either may hold turns that bring nothing up, and so make room.
    """

    turns: tuple[Turn, ...]
    down_first: tuple[Turn, ...] = ()
    served_first: tuple[Turn, ...] = ()


def pace_of(order: ConvergeService) -> Pace:
    """What the order allows on this host."""
    if order.until == "proved":
        return Pace(surge=max(len(order.replicas), 1), unavailable=0)
    surge = max(order.surge, 0) if order.start_first else 0
    return Pace(surge=surge, unavailable=max(order.unavailable, 0 if surge else 1))


def waves_of(plan: Plan, pace: Pace) -> tuple[Wave, ...]:
    """The turns that bring something up, in the order of their index. Equal plans have equal waves, and what an
    earlier attempt has done changes none: the next one goes the same way.
    """
    waves: list[Wave] = []
    turns: list[Turn] = []
    idle = deque(turn for turn in plan.turns if turn.act not in WORKED_ON and turn.former)
    for turn in plan.turns:
        if turn.act not in WORKED_ON:
            continue
        if turns and not _fits(turns, turn, pace):
            waves.append(_wave(turns, pace, idle))
            turns = []
        turns.append(turn)
    return (*waves, _wave(turns, pace, idle)) if turns else tuple(waves)


def _fits(turns: Sequence[Turn], turn: Turn, pace: Pace) -> bool:
    """A container that is restarted is down meanwhile, whatever may be extra."""
    restarts = sum(one.act == "restart" for one in (*turns, turn))
    return len(turns) < pace.surge + pace.unavailable and restarts <= max(pace.unavailable, 1)


def _wave(turns: Sequence[Turn], pace: Pace, idle: deque[Turn]) -> Wave:
    """What takes nobody's place takes that of a replica which is to stand still, as long as there is one."""
    down = [turn for turn in turns if turn.former][: pace.unavailable]
    served = [turn for turn in turns if turn not in down]
    new = sum(not turn.former for turn in turns)
    (served if pace.surge else down).extend(idle.popleft() for _ in range(min(new, len(idle))))
    return Wave(turns=tuple(turns), down_first=tuple(down), served_first=tuple(served))
