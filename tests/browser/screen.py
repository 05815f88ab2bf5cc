"""What a person does and sees, for all tests of the pages."""

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import ConsoleMessage, Error, Page

from tests.flows.house import ADMIN_PASSWORD

PATIENCE_MS = 15_000
LOOK_MS = 50
REPORT_VIOLATIONS = """
window.cspViolations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.cspViolations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
});
"""


class Complaints:
    """Errors in the console, uncaught exceptions and violations of the content security policy."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.heard: list[str] = []
        page.add_init_script(REPORT_VIOLATIONS)
        page.on("console", self._console)
        page.on("pageerror", self._exception)

    def all(self) -> list[str]:
        """Everything so far."""
        violations: list[str] = self.page.evaluate("() => window.cspViolations ?? []")
        return self.heard + [f"forbidden by the policy: {violation}" for violation in violations]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.heard.append(f"console on {self.page.url}: {message.text}")

    def _exception(self, error: Error) -> None:
        self.heard.append(f"exception on {self.page.url}: {error}")


def sign_in(page: Page, username: str = "admin", password: str = ADMIN_PASSWORD) -> None:
    """Through the form."""
    page.goto("/sign-in/")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/projects/")


def until(page: Page, what: str, ask: Callable[[], Any], *, seconds: float = PATIENCE_MS / 1000) -> Any:
    """The first answer that counts as true. It is asked from here, since the page's policy forbids predicates there."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        page.wait_for_timeout(LOOK_MS)


def log_lines(page: Page) -> list[list[Any]]:
    """What the log viewer holds: [number, unix ms, stream, text]."""
    lines: list[list[Any]] = page.evaluate("() => document.querySelector('[data-log]')?.logView?.lines ?? []")
    return lines


def log_texts(page: Page) -> list[str]:
    """The texts alone."""
    return [line[3] for line in log_lines(page)]


def mark(page: Page) -> None:
    """Leave a mark in this document, by which it is known again."""
    page.evaluate("() => { window.slipwayMark = true; }")


def is_marked(page: Page) -> bool:
    """Whether it is the same document still: it was not loaded anew."""
    return bool(page.evaluate("() => window.slipwayMark === true"))
