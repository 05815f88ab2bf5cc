"""What happens to a container shows by itself."""

import time

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.screen import is_marked, mark, until
from tests.browser.stage import set_stage
from tests.flows.house import House
from tests.flows.waiting import wait_for

pytestmark = pytest.mark.browser

SHOWN_WITHIN = 5.0


def test_a_killed_container_shows_on_the_board_and_on_its_page_within_five_seconds(
    house: House, context: BrowserContext
) -> None:
    stage = set_stage(house, slug="mortal", restart={"policy": "no"})
    board, replica = context.new_page(), context.new_page()
    board.goto(f"/projects/{stage.project['id']}/")
    replica.goto(f"/replicas/{stage.replica['id']}/")
    for page in (board, replica):
        expect(page.locator("html")).to_have_attribute("data-connection", "live")
        mark(page)
    expect(board.get_by_text("1 of 1 healthy")).to_be_visible()
    expect(replica.locator("#replica .state").first).to_have_text("healthy")

    since = time.monotonic()
    house.docker("kill", stage.replica["container"])

    def rest() -> float:
        return max((SHOWN_WITHIN - (time.monotonic() - since)) * 1000, 1)

    expect(replica.locator("#replica .state").first).to_have_text("stopped", timeout=rest())
    expect(replica.locator("#replica dt", has_text="Exit code").locator("+ dd")).to_have_text(
        "137, killed", timeout=rest()
    )
    expect(board.locator("a.dot")).to_have_accessible_name("Replica 1 is stopped on local", timeout=rest())
    expect(board.get_by_text("0 of 1 healthy")).to_be_visible(timeout=rest())
    assert is_marked(board) and is_marked(replica)


def test_what_changes_between_a_page_and_its_socket_shows_too(house: House, page: Page) -> None:
    stage = set_stage(house, slug="hasty", restart={"policy": "no"})
    held: list[Route] = []
    page.route("**/js/live*.js", lambda route: held.append(route))
    page.goto(f"/replicas/{stage.replica['id']}/", wait_until="commit")
    until(page, "the page to ask for its part of the socket", lambda: held)
    expect(page.locator("#replica .state").first).to_have_text("healthy")
    house.docker("kill", stage.replica["container"])
    with house.api() as api:
        path = f"replicas/{stage.replica['id']}/"
        wait_for("Slipway to know", lambda: api.get(path).json()["state"] == "stopped")
    held[0].continue_()
    expect(page.locator("#replica .state").first).to_have_text("stopped")
