"""`pytest --nothing-left-out`: a full run is no success when a test was skipped or deselected, or a kind is missing."""

from collections.abc import Sequence

import pytest

KINDS = ("engine", "browser", "flow", "fault")


class Completeness:
    """Counts what did not run, by test."""

    def __init__(self) -> None:
        self.left_out: list[str] = []
        self.seen: set[str] = set()

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self.left_out += [f"{item.nodeid} (deselected)" for item in items]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            self.seen |= {mark.name for mark in item.iter_markers()}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.left_out.append(f"{report.nodeid} (skipped)")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped:
            self.left_out.append(f"{report.nodeid} (skipped)")

    def complaints(self) -> list[str]:
        missing = [f"no test is marked {kind}" for kind in KINDS if kind not in self.seen]
        return missing + self.left_out

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if exitstatus == pytest.ExitCode.OK and self.complaints():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        complaints = self.complaints()
        if complaints:
            terminalreporter.section("left out, so this full run fails")
            for complaint in complaints:
                terminalreporter.line(complaint)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--nothing-left-out", action="store_true", help="fail when any test was skipped or deselected")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--nothing-left-out"):
        config.pluginmanager.register(Completeness(), "completeness")
