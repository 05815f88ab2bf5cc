"""The table of a run, printed and kept."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measuring import Figure

HEAD = """# Speed

Measured by `python -m benchmarks --write`, which starts a Slipway of its own beside the engine and does everything
by turns with the plain CLI of the same engine, in the same run. **Ratios are the measure**; milliseconds belong to the
machine. Never a test: nothing fails for being slow.
"""
CAVEAT = """The machine had more to do than it has processors for, so what takes several processes a hop waits at each
of them: these figures say more about that than about Slipway. Measure again on a quiet machine."""


def table(figures: Sequence[Figure]) -> list[str]:
    """Lines of Markdown."""
    rows = ["| what | found | goal | moonshot | |", "|---|---|---|---|---|"]
    for figure in figures:
        goal = figure.goal
        found = f"{figure.value:.2f} {goal.unit}" + ("" if figure.is_met else " (missed)")
        moonshot = "" if goal.moonshot is None else f"≤ {goal.moonshot:g}"
        rows.append(f"| {goal.what} | {found} | ≤ {goal.goal:g} | {moonshot} | {figure.detail} |")
    return rows


def write(path: Path, figures: Sequence[Figure], *, engine: str) -> None:
    """In the place of the run before."""
    machine = f"{os.cpu_count()} CPUs, Linux {platform.release()}, Python {platform.python_version()}, {engine}"
    busy = os.getloadavg()[1]
    told = [f"{datetime.now(UTC):%Y-%m-%d}, {machine}; load {busy:.1f} in the five minutes before the end.", ""]
    if busy > (os.cpu_count() or 1):
        told += [CAVEAT, ""]
    path.write_text("\n".join([HEAD, *told, *table(figures), ""]))
