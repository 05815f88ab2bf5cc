"""How long files and functions are, and whether that is within what this code allows itself.

Run as `python -m launch.sizes`. Tests and migrations are not counted.
"""

import ast
import math
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from launch.places import ROOT

PERCENTILE = 0.95
SHOWN = 5


@dataclass(frozen=True)
class Budget:
    """Lines: most are at most `usual`, none is over `most`."""

    what: str
    usual: int
    most: int


FILES = Budget("files", usual=250, most=400)
FUNCTIONS = Budget("functions", usual=30, most=60)


def main() -> int:
    paths = list(counted_files(ROOT))
    files = [(_line_count(path), str(path.relative_to(ROOT))) for path in paths]
    functions = [entry for path in paths for entry in function_lengths(path)]
    kept = [judge(FILES, files), judge(FUNCTIONS, functions)]
    return 0 if all(kept) else 1


def counted_files(root: Path) -> Iterator[Path]:
    """The Python files that git knows or would take, but for tests and migrations."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py", "bin/*"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()
    for name in listed:
        path = root / name
        if path.is_file() and "tests" not in path.parts and "migrations" not in path.parts:
            yield path


def function_lengths(path: Path) -> list[tuple[int, str]]:
    """Every function of a file with its lines, decorators not counted, nested ones counted on their own too."""
    tree = ast.parse(path.read_text(), filename=str(path))
    return [
        (node.end_lineno - node.lineno + 1, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None
    ]


def percentile(lengths: Sequence[int]) -> int:
    ordered = sorted(lengths)
    return ordered[math.ceil(len(ordered) * PERCENTILE) - 1] if ordered else 0


def judge(budget: Budget, entries: Sequence[tuple[int, str]]) -> bool:
    """Print the figures and what exceeds the budget; whether it is kept."""
    usual = percentile([length for length, _ in entries])
    longest = max((length for length, _ in entries), default=0)
    kept = usual <= budget.usual and longest <= budget.most
    figures = f"p95 {usual} of {budget.usual} lines, longest {longest} of {budget.most}"
    print(f"{len(entries)} {budget.what}: {figures}{'' if kept else '  TOO LONG'}")
    if not kept:
        for length, where in sorted(entries, reverse=True)[:SHOWN]:
            print(f"  {length:4} {where}")
    return kept


def _line_count(path: Path) -> int:
    return len(path.read_text().splitlines())


if __name__ == "__main__":
    sys.exit(main())
