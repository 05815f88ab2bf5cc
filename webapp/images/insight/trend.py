"""How large an image's builds became: bars to scale, and a sentence. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

BUILDS = 30
HEIGHT = 48.0
STEP = 12.0  # from bar to bar
BAR = 9.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """A build that made something."""

    id: str
    number: int
    size: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One build in the picture. `change`: bytes more than the one before it, None of the first."""

    build: Sized
    x: str
    y: str
    height: str
    change: int | None
    here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    bars: tuple[Bar, ...]
    width: str
    height: str

    @property
    def smallest(self) -> int:
        return min(bar.build.size for bar in self.bars)

    @property
    def largest(self) -> int:
        return max(bar.build.size for bar in self.bars)


def trend(builds: Sequence[Sized], *, here: str) -> Trend | None:
    """`builds` oldest first; `here` is the id of the one that is looked at. None where there is nothing to compare."""
    if len(builds) < 2:
        return None
    largest = max(max(build.size for build in builds), 1)
    bars, before = [], None
    for at, build in enumerate(builds):
        height = max(build.size / largest * HEIGHT, 1.0)
        bars.append(
            Bar(
                build=build,
                x=f"{at * STEP:.0f}",
                y=f"{HEIGHT - height:.1f}",
                height=f"{height:.1f}",
                change=None if before is None else build.size - before,
                here=build.id == here,
            )
        )
        before = build.size
    return Trend(bars=tuple(bars), width=f"{len(builds) * STEP - (STEP - BAR):.0f}", height=f"{HEIGHT:.0f}")
