"""`python -m tests.rig [--write]`: inject every fault of the rig; `--write` says in docs/faults.md what held."""

import argparse
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from launch.places import ROOT

RESULT = ROOT / "docs" / "faults.md"
HEAD = """# What was injected, and what held

Written by `python -m tests.rig --write`, which runs Slipway over three hosts on one machine: each host is a network
namespace with a Docker Engine of its own, a worker and an agent; the link to the control plane can be cut. While every
fault is on, it is looked at each second that no replica has two running containers; after each, every host is ready
again, engines and pages agree about what runs, and logs are dense and without a gap.

Not injected here: a clock that is wrong, packets out of order or doubled (the kernel of the machine had no netem), a
full disk, an upgrade in the middle of work.
"""


class Rows:
    """A pytest plugin that keeps what became of each fault."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str, float]] = []
        self._told: dict[str, tuple[str, str]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            marker = item.get_closest_marker("injected")
            if marker is not None:
                self._told[item.nodeid] = marker.args

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        told = self._told.get(report.nodeid)
        if told is not None and (report.when == "call" or (report.when == "setup" and report.failed)):
            self.rows.append((*told, "held" if report.passed else "**did not hold**", report.duration))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.rig", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULT.relative_to(ROOT)}")
    asked, words = parser.parse_known_args()
    rows = Rows()
    code = pytest.main(["-m", "", "-v", str(Path(__file__).parent), *words], plugins=[rows])
    if asked.write:
        RESULT.write_text(document(rows.rows))
    return int(code)


def document(rows: list[tuple[str, str, str, float]]) -> str:
    """The page, from what was injected, what had to hold, the verdict, and seconds."""
    engine = subprocess.run(
        ["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, text=True, check=False
    ).stdout.strip()
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    kernel = ".".join(platform.release().split(".")[:2])
    where = f"Run on {when} with Docker Engine {engine}, Python {platform.python_version()}, Linux {kernel}."
    table = ["| injected | must hold | verdict | s |", "|---|---|---|---|"]
    table += [f"| {injected} | {holds} | {verdict} | {seconds:.0f} |" for injected, holds, verdict, seconds in rows]
    return "\n".join([HEAD, where, "", *table, ""])


if __name__ == "__main__":
    sys.exit(main())
