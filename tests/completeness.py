"""`pytest --nothing-left-out=PART`: a full run fails when a test was skipped or deselected, or a kind is missing.

It has two parts: `at-once` are the tests that bear company on every core, `alone` those that need an engine, a browser,
servers or the machine to themselves. What is in one is not in the other, and all is in either.
"""

from collections.abc import Sequence

import pytest

KINDS = ("engine", "browser", "flow", "fault")
ALONE = {*KINDS, "network", "alone"}
PARTS = ("at-once", "alone", "both")


class Completeness:
    """Keeps to one part, and counts what did not run of it, by test."""

    def __init__(self, part: str) -> None:
        self.part = part
        self.left_out: list[str] = []
        self.seen: set[str] = set()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            self.seen |= {mark.name for mark in item.iter_markers()}
        if self.part != "both":
            items[:] = [item for item in items if self._is_alone(item) == (self.part == "alone")]

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self.left_out += [f"{item.nodeid} (deselected)" for item in items]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.left_out.append(f"{report.nodeid} (skipped)")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped:
            self.left_out.append(f"{report.nodeid} (skipped)")

    def complaints(self) -> list[str]:
        # Where several processes share the tests, this one has seen none of them.
        kinds = () if self.part == "at-once" else KINDS
        return [f"no test is marked {kind}" for kind in kinds if kind not in self.seen] + self.left_out

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if exitstatus == pytest.ExitCode.OK and self.complaints():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        complaints = self.complaints()
        if complaints:
            terminalreporter.section("left out, so this full run fails")
            for complaint in complaints:
                terminalreporter.line(complaint)

    @staticmethod
    def _is_alone(item: pytest.Item) -> bool:
        return any(mark.name in ALONE for mark in item.iter_markers())


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--nothing-left-out", choices=PARTS, help="fail when any test of this part was skipped or deselected"
    )


def pytest_configure(config: pytest.Config) -> None:
    part = config.getoption("--nothing-left-out")
    if part:
        config.pluginmanager.register(Completeness(part), "completeness")
