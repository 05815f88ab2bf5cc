"""A live refresh takes nothing out of a person's hands: open menus, the focus, what is being confirmed."""

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.screen import until
from tests.browser.stage import Stage, set_stage
from tests.flows.house import House

pytestmark = pytest.mark.browser

PHONE: ViewportSize = {"width": 390, "height": 844}
HELD_MS = 1500  # longer than live.js waits before it asks again
REFRESH = "() => { const part = document.querySelector('#board'); part.seen = true; htmx.trigger(part, 'live'); }"
IS_NEW = "() => !document.querySelector('#board').seen"


@pytest.fixture(scope="module")
def stage(house: House) -> Stage:
    return set_stage(house, slug="handrail")


@pytest.fixture
def board(page: Page, stage: Stage) -> Page:
    """The board, once its own first refresh is over."""
    page.goto(f"/projects/{stage.project['id']}/")
    expect(page.locator("html")).to_have_attribute("data-connection", "live")
    page.wait_for_timeout(HELD_MS)
    return page


def test_a_menu_stays_open_and_the_refresh_comes_when_it_is_closed(board: Page) -> None:
    opener = board.locator("details.menu > summary").first
    opener.click()
    board.evaluate(REFRESH)
    board.wait_for_timeout(HELD_MS)
    expect(board.locator("details.menu").first).to_have_attribute("open", "")
    board.keyboard.press("Escape")
    expect(board.locator("details.menu").first).not_to_have_attribute("open", "")
    expect(opener).to_be_focused()
    until(board, "the refresh that waited", lambda: board.evaluate(IS_NEW))


def test_opening_a_menu_moves_nothing(board: Page) -> None:
    before = board.locator(".board").bounding_box()
    board.locator("details.menu > summary").first.click()
    expect(board.locator(".menu-list").first).to_be_visible()
    assert board.locator(".board").bounding_box() == before


def test_an_act_that_is_being_confirmed_is_not_swapped_away(board: Page) -> None:
    board.locator("details.menu > summary").first.click()
    board.get_by_role("button", name="Restart").first.click()
    expect(board.locator("#confirm")).to_be_visible()
    board.evaluate(REFRESH)
    board.wait_for_timeout(HELD_MS)
    assert not board.evaluate(IS_NEW)
    board.keyboard.press("Escape")
    until(board, "the refresh that waited", lambda: board.evaluate(IS_NEW))


def test_the_focus_stands_where_it_stood(board: Page) -> None:
    link = board.locator("#board td a", has_text="build 1").first
    link.focus()
    board.evaluate(REFRESH)
    until(board, "the refresh", lambda: board.evaluate(IS_NEW))
    expect(board.locator("#board td a", has_text="build 1").first).to_be_focused()


def test_on_a_phone_the_menu_opens_and_closes_by_keyboard(board: Page) -> None:
    board.set_viewport_size(PHONE)
    places = board.get_by_role("navigation", name="Main").get_by_role("link", name="Hosts")
    expect(places).to_be_hidden()
    board.get_by_role("button", name="Menu").focus()
    board.keyboard.press("Enter")
    expect(places).to_be_visible()
    board.keyboard.press("Escape")
    expect(places).to_be_hidden()
