"""The line breaks, the server dies: the page says so, tries again, and misses nothing."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.line import line_to
from tests.browser.screen import PATIENCE_MS, is_marked, log_lines, mark, until
from tests.browser.stage import Stage, set_stage
from tests.flows.house import House
from tests.flows.story import all_lines, assert_dense
from tests.flows.waiting import wait_for

pytestmark = pytest.mark.browser

LOST = "Connection lost, trying again"
RETURN_MS = 30_000  # the page waits up to 8 s between its tries, the web server starts within a few


@pytest.fixture(scope="module")
def stage(house: House) -> Stage:
    return set_stage(house, slug="gapless", restart={"policy": "no"})


def test_after_a_cut_line_every_log_line_is_there_once_and_in_order(house: House, page: Page, stage: Stage) -> None:
    with line_to(house.port) as line:
        watch(page, f"{line.url}/replicas/{stage.replica['id']}/")
        line.cut()
        expect(page.locator("[data-log-state]")).to_have_text(LOST)
        seen = wait_until_missed(house, page, stage)
        line.heal()
        expect(page.locator("[data-log-state]")).to_have_text("Live", timeout=RETURN_MS)
        assert_gapless(page, beyond=seen)


def test_after_the_web_server_was_killed_every_log_line_is_there_once_and_in_order(
    house: House, page: Page, stage: Stage
) -> None:
    watch(page, f"/replicas/{stage.replica['id']}/")
    seen = len(log_lines(page))
    house.kill("web")
    try:
        expect(page.locator("[data-log-state]")).to_have_text(LOST)
    finally:
        house.start("web")
        house.wait_ready()
    expect(page.locator("[data-log-state]")).to_have_text("Live", timeout=RETURN_MS)
    assert_gapless(page, beyond=seen + 40)


def test_what_changed_while_the_line_was_cut_shows_on_the_board_without_a_reload(
    house: House, page: Page, stage: Stage
) -> None:
    with line_to(house.port) as line:
        page.goto(f"{line.url}/projects/{stage.project['id']}/")
        mark(page)
        expect(page.get_by_text("1 of 1 healthy")).to_be_visible()
        expect(page.locator("html")).to_have_attribute("data-connection", "live")
        expect(page.locator("[data-lost]")).to_be_hidden()
        line.cut()
        expect(page.locator("html")).to_have_attribute("data-connection", "lost")
        expect(page.locator("[data-lost]")).to_contain_text("Connection lost. What you see is from ")
        page.locator("details.menu > summary").first.click()
        restart = page.locator(".cell-acts button", has_text="Restart").first
        expect(restart).to_have_attribute("aria-disabled", "true")
        restart.click(force=True)
        expect(page.locator("#confirm")).to_be_hidden()
        page.keyboard.press("Escape")
        house.docker("kill", stage.replica["container"])
        with house.api() as api:
            path = f"replicas/{stage.replica['id']}/"
            wait_for("Slipway to know", lambda: api.get(path).json()["state"] == "stopped")
        expect(page.get_by_text("1 of 1 healthy")).to_be_visible()
        line.heal()
        expect(page.get_by_text("0 of 1 healthy")).to_be_visible(timeout=RETURN_MS)
        expect(page.locator("[data-lost]")).to_be_hidden()
        expect(page.locator("[aria-disabled]")).to_have_count(0)
        assert is_marked(page)


def watch(page: Page, address: str) -> None:
    """Until the log runs."""
    page.goto(address)
    expect(page.locator("[data-log-state]")).to_have_text("Live")
    until(page, "twenty lines", lambda: len(log_lines(page)) >= 20)


def wait_until_missed(house: House, page: Page, stage: Stage) -> int:
    """Until the log has lines which the page cannot have got; how many the page shows."""
    seen = len(log_lines(page))
    with house.api() as api:
        wait_for("forty lines more", lambda: len(all_lines(api, stage.replica["log"])) >= seen + 40)
    assert len(log_lines(page)) == seen
    return seen


def assert_gapless(page: Page, *, beyond: int) -> None:
    """Well beyond this many lines, numbered without a gap, and each the one that was printed."""
    until(page, f"{beyond} lines and more", lambda: len(log_lines(page)) > beyond + 40, seconds=PATIENCE_MS / 500)
    lines = log_lines(page)
    assert_dense(lines)
    assert [line[3] for line in lines] == [f"tick {number}" for number in range(1, len(lines) + 1)]
