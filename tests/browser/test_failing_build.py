"""When a build fails, what failed and its last words come first."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screen import Complaints, is_marked, log_texts, mark, until
from tests.flows.house import House
from tests.flows.story import make_image, make_project

pytestmark = pytest.mark.browser

FALL = "for n in 1 2 3 4 5; do echo going $n; sleep 0.4; done; echo before the fall >&2; exit 3"
DOCKERFILE = f"FROM slipway/busybox:1\nRUN echo all is well\nRUN {FALL}\nRUN echo never reached\n"


def test_a_failing_build_shows_its_failing_step_and_its_last_lines_first(
    house: House, page: Page, complaints: Complaints
) -> None:
    with house.api() as api:
        place = make_project(api, slug="broken")
        image = make_image(api, place["project"], slug="broken", dockerfile=DOCKERFILE)
    page.goto(f"/images/{image['id']}/")
    page.get_by_role("button", name="Build", exact=True).click()
    expect(page.get_by_role("heading", name="Build 1 of broken")).to_be_visible()
    mark(page)

    expect(page.locator("#build .state").first).to_have_text("failed")
    note = page.locator("#build-failure .failure")
    expect(note).to_contain_text("RUN for n in")
    expect(note).to_contain_text("before the fall")
    expect(note).to_be_in_viewport()
    failed = page.locator("#build .step-failed")
    expect(failed).to_have_count(1)
    expect(failed).to_contain_text("RUN for n in")
    assert note.bounding_box()["y"] < failed.bounding_box()["y"]  # type: ignore[index]

    until(page, "the log's end", lambda: page.locator("[data-log-state]").inner_text() == "Ended")
    assert any("before the fall" in text for text in log_texts(page)[-12:])
    expect(page.get_by_role("log").get_by_text("before the fall").last).to_be_in_viewport()
    assert is_marked(page)
    assert complaints.all() == []


def test_a_failed_step_takes_the_log_to_its_first_line(house: House, page: Page) -> None:
    with house.api() as api:
        place = make_project(api, slug="jump")
        image = make_image(api, place["project"], slug="jump", dockerfile=DOCKERFILE.replace("0.4", "0"))
    page.goto(f"/images/{image['id']}/")
    page.get_by_role("button", name="Build", exact=True).click()
    expect(page.locator("#build .state").first).to_have_text("failed")
    page.locator("#build .step-failed button").click()
    expect(page.locator(".log-marked")).to_contain_text("going 1")
