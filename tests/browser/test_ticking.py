"""What lasts still is counted on by the page itself; tabs that do not fit show the present one."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screen import Complaints
from tests.flows.house import House
from tests.flows.story import make_image, make_project, post

pytestmark = pytest.mark.browser

SLOW = "FROM slipway/busybox:1\nRUN sleep 20\n"
HIDDEN = "Object.defineProperty(document, 'hidden', {get: () => window.away, configurable: true}); window.away = true"


def test_a_duration_goes_on_without_the_server_and_rests_while_nobody_looks(
    house: House, page: Page, complaints: Complaints
) -> None:
    with house.api() as api:
        place = make_project(api, slug="ticking")
        image = make_image(api, place["project"], slug="slow", dockerfile=SLOW)
        made = post(api, f"images/{image['id']}/builds/", {}, status=202)
        page.goto(f"/builds/{made['id']}/")
        step = page.locator("#build .steps-list [data-lasts]")
        expect(step).to_have_text(re.compile(r"^[2-9] s$"))
        page.evaluate(HIDDEN)
        rests = page.evaluate("() => document.querySelector('#build .steps-list [data-lasts]').textContent")
        page.wait_for_timeout(1500)
        assert step.text_content() == rests
        page.evaluate("() => { window.away = false; document.dispatchEvent(new Event('visibilitychange')) }")
        expect(step).not_to_have_text(rests)
        post(api, f"builds/{made['id']}/cancellation/", {}, status=202)
    assert complaints.all() == []


def test_on_a_phone_the_present_tab_is_in_sight(house: House, page: Page) -> None:
    with house.api() as api:
        project = make_project(api, slug="tabs")["project"]["id"]
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/projects/{project}/notices/")
    expect(page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=1)
    page.goto(f"/projects/{project}/")
    expect(page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=1)
