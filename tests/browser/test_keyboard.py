"""All of it without a mouse."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.flows.house import House
from tests.flows.story import Json, make_project, post

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def place(house: House) -> Json:
    """A project, `lighthouse`, with a second environment; and another project."""
    with house.api() as api:
        made = make_project(api, slug="lighthouse")
        make_project(api, slug="breakwater")
        body = {"project": made["project"]["id"], "slug": "spare", "rank": 2, "protected": False, "hosts": ["local"]}
        return {**made, "spare": post(api, "environments/", body)}


@pytest.mark.parametrize("opening", ["/", "Control+k"])
def test_the_palette_opens_finds_a_project_and_goes_there(page: Page, place: Json, opening: str) -> None:
    page.goto("/hosts/")
    page.keyboard.press(opening)
    box = page.get_by_role("combobox", name="Search for a place or an act")
    expect(box).to_be_focused()
    expect(box).to_have_value("")
    page.keyboard.type("lighthouse")
    first = page.locator("#palette").get_by_role("option").first
    expect(first).to_contain_text("lighthouse")
    expect(first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/projects/{place['project']['id']}/$"))


def test_arrows_choose_in_the_palette_and_escape_closes_it(page: Page, place: Json) -> None:
    page.goto("/projects/")
    page.keyboard.press("/")
    options = page.locator("#palette").get_by_role("option")
    expect(options.nth(1)).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("combobox")).to_have_attribute("aria-activedescendant", "palette-1")
    page.keyboard.press("ArrowUp")
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()


@pytest.mark.parametrize(("key", "path"), [("h", "/hosts/"), ("p", "/projects/"), ("t", "/teams/"), ("a", "/audit/")])
def test_two_keys_go_places(page: Page, key: str, path: str) -> None:
    page.goto("/account/")
    page.keyboard.press("g")
    page.keyboard.press(key)
    expect(page).to_have_url(re.compile(f"{path}$"))


def test_a_question_mark_opens_the_help_and_closes_it(page: Page) -> None:
    page.goto("/projects/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()


def test_keys_are_letters_where_one_writes(page: Page) -> None:
    page.goto("/teams/new/")
    page.get_by_label("Name", exact=True).focus()
    page.keyboard.type("gh?/jk")
    expect(page.get_by_label("Name", exact=True)).to_have_value("gh?/jk")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_j_and_k_move_in_a_list_and_the_focus_is_seen(page: Page, place: Json) -> None:
    page.goto("/projects/")
    links = page.locator("[data-list] [data-item] a")
    page.keyboard.press("j")
    expect(links.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(links.nth(1)).to_be_focused()
    assert_ring(links.nth(1))
    page.keyboard.press("k")
    expect(links.nth(0)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/projects/[0-9a-z]{26}/$"))


def test_every_stop_of_the_tab_key_is_seen(page: Page, place: Json) -> None:
    page.goto(f"/projects/{place['project']['id']}/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    stops = 0
    while not page.evaluate("() => document.activeElement === document.body") and stops < 60:
        assert_ring(page.locator(":focus"))
        page.keyboard.press("Tab")
        stops += 1
    assert stops > 10


def test_a_question_is_answered_by_keyboard(house: House, page: Page, place: Json) -> None:
    page.goto(f"/environments/{place['spare']['id']}/")
    delete = page.get_by_role("button", name="Delete")
    question = page.get_by_role("dialog", name=re.compile("Delete environment spare"))
    delete.focus()
    page.keyboard.press("Enter")
    expect(question).to_be_visible()
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    expect(delete).to_be_focused()
    page.keyboard.press("Enter")
    expect(question.get_by_role("button", name="Delete")).to_be_focused()
    assert_ring(question.get_by_role("button", name="Delete"))
    page.keyboard.press("Tab")
    expect(question.get_by_role("button", name="Leave it")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/projects/{place['project']['id']}/environments/$"))
    with house.api() as api:
        assert api.get(f"environments/{place['spare']['id']}/").status_code == 404


def assert_ring(focused: Locator) -> None:
    """A visible outline of at least two pixels, or a shadow where the design system draws one."""
    style = focused.evaluate(
        """(element) => {
          const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
          return { outlineStyle, width: parseFloat(outlineWidth), boxShadow };
        }"""
    )
    ring = style["outlineStyle"] not in ("none", "hidden") and style["width"] >= 2
    assert ring or style["boxShadow"] != "none", f"the focus cannot be seen on {focused.inner_text()!r}: {style}"
