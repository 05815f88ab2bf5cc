"""The layers of an image as a picture: a bar to scale and its parts, with what the build before had already. Pure."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH = 1000.0  # of the bar, in units of its own
SLIMMEST = 4.0  # a part that is smaller is drawn so wide, to be seen
GAP = 2.0

_SHELL = re.compile(r"^(?:RUN )?(?:\|\d+ .*?)?/bin/sh -c (#\(nop\) +)?")
_BUILDKIT = re.compile(r" # buildkit$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One layer with something in it. `shared` None: the engine did not tell which layers they are."""

    instruction: str
    size: int
    share: float  # of the whole, 0 to 1
    digest: str
    shared: bool | None
    x: str
    width: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """`parts` oldest first; `silent` are instructions that add no bytes. Sizes in bytes."""

    parts: tuple[Part, ...]
    silent: tuple[str, ...]
    total: int
    shared: int  # bytes that the build before has too

    @property
    def sentence(self) -> str:
        """What the bar shows, for who does not see it."""
        if not self.parts:
            return "No layer holds anything."
        largest = max(self.parts, key=lambda part: part.size)
        count = "1 layer" if len(self.parts) == 1 else f"{len(self.parts)} layers"
        return f"{count}; the largest is {largest.share:.0%} of the whole: {largest.instruction[:80]}"


def picture(layers: Sequence[Mapping[str, Any]], *, before: Sequence[Mapping[str, Any]] | None = None) -> Picture:
    """`before`: the layers of the build that these are compared with, None where there is none."""
    filled = [layer for layer in layers if layer["size"] > 0]
    total = sum(layer["size"] for layer in filled)
    known = digests_of(before) if before is not None else None
    widths = _widths([layer["size"] for layer in filled])
    parts, x = [], 0.0
    for layer, width in zip(filled, widths, strict=True):
        parts.append(
            Part(
                instruction=readable(layer["instruction"]),
                size=layer["size"],
                share=layer["size"] / total,
                digest=layer["digest"] or "",
                shared=_shared(layer["digest"], known),
                x=f"{x:.1f}",
                width=f"{max(width - GAP, 1.0):.1f}",
            )
        )
        x += width
    silent = tuple(readable(layer["instruction"]) for layer in layers if layer["size"] <= 0)
    return Picture(
        parts=tuple(parts), silent=silent, total=total, shared=sum(part.size for part in parts if part.shared)
    )


def digests_of(layers: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Which layers these are, as far as the engine told."""
    return frozenset(layer["digest"] for layer in layers if layer["digest"] and layer["size"] > 0)


def readable(instruction: str) -> str:
    """An entry of an image's history nearly as its Dockerfile has it: builders wrap it in a shell or add their name."""
    text = _BUILDKIT.sub("", instruction.strip())
    shell = _SHELL.match(text)
    if shell is None:
        return text or "an instruction that is not told"
    rest = text[shell.end() :].strip()
    return rest if shell[1] else f"RUN {rest}"


def _shared(digest: str | None, known: Collection[str] | None) -> bool | None:
    return None if not digest or not known else digest in known


def _widths(sizes: list[int]) -> list[float]:
    """To scale, as far as each can still be seen; together the whole bar."""
    total = sum(sizes)
    wanted = [max(size / total * WIDTH, SLIMMEST + GAP) for size in sizes]
    scale = WIDTH / sum(wanted) if wanted else 1.0
    return [width * scale for width in wanted]
