"""Somebody types a Dockerfile: it is coloured, and what is wrong with it is told while they type."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import violations
from tests.browser.screen import Complaints
from tests.flows.house import House
from tests.flows.story import make_project

pytestmark = pytest.mark.browser


def test_mistakes_are_told_while_one_types_and_go_when_they_are_mended(
    house: House, page: Page, complaints: Complaints
) -> None:
    with house.api() as api:
        place = make_project(api, slug="editor")
    page.goto(f"/projects/{place['project']['id']}/images/new/")
    text = page.get_by_role("textbox", name="Dockerfile", exact=False).first
    text.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("FROM busybox:1\nRUN cd /www\nCOPY index.html /www/")
    remarks = page.locator("#findings li")
    expect(remarks).to_have_count(2)
    expect(remarks.nth(0)).to_contain_text("warning line 2")
    expect(remarks.nth(1)).to_contain_text("error line 3")
    expect(page.locator("[data-findings-said]")).to_have_text("2 remarks")
    expect(page.locator(".editor .cm-lint-marker")).to_have_count(2)
    assert page.locator(".editor .ed-keyword").first.inner_text() == "FROM"
    assert violations(page) == []

    page.get_by_text("Files beside the Dockerfile").click()
    page.get_by_label("Path of file 1").fill("index.html")
    expect(remarks).to_have_count(1)
    assert complaints.all() == []


def test_the_text_in_the_editor_is_what_is_saved_and_tab_leaves_it(house: House, page: Page) -> None:
    with house.api() as api:
        place = make_project(api, slug="editor-saves")
    page.goto(f"/projects/{place['project']['id']}/images/new/")
    page.get_by_label("Short name").fill("typed")
    page.locator(".editor .cm-content").first.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("FROM busybox:1\nENV TYPED=yes")
    page.keyboard.press("Tab")
    assert page.evaluate("!document.activeElement.closest('.editor')")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("ENV TYPED=yes")).to_be_visible()
