"""From an empty Slipway to a running container, by hand in the browser."""

import re
import uuid

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screen import Complaints, is_marked, log_texts, mark, sign_in, until
from tests.flows.house import House

pytestmark = pytest.mark.browser

# The engine's cache outlives a run of these tests, and what it has says nothing: each run has a step of its own.
DOCKERFILE = f"""FROM slipway/busybox:1
ENV RUN_OF_TEST={uuid.uuid4()}
RUN for n in 1 2 3 4 5 6 7 8; do echo counting $n; sleep 0.5; done
CMD ["sh", "-c", "n=0; while true; do n=$((n+1)); echo tick $n; sleep 0.2; done"]
"""


def test_a_person_gets_from_signing_in_to_a_running_container_whose_log_is_live(
    house: House, page: Page, complaints: Complaints
) -> None:
    page.context.clear_cookies()
    sign_in(page)
    make_team_and_project(page)
    make_environment(page)
    define_image(page)
    watch_the_build(page)
    define_service(page)
    watch_the_deployment(page)
    open_the_replica(page)
    assert complaints.all() == []


def make_team_and_project(page: Page) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Teams").click()
    page.get_by_role("link", name="New team").click()
    page.get_by_label("Name", exact=True).fill("Harbour")
    page.get_by_label("Short name").fill("harbour")
    page.get_by_role("button", name="Make the team").click()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Projects").click()
    page.get_by_role("link", name="New project").click()
    page.get_by_label("Team").select_option(label="harbour")
    page.get_by_label("Name", exact=True).fill("Ferry")
    page.get_by_label("Short name").fill("ferry")
    page.get_by_role("button", name="Make the project").click()
    expect(page.get_by_role("heading", name="Ferry", level=1)).to_be_visible()


def make_environment(page: Page) -> None:
    page.get_by_role("link", name="Add an environment").click()
    page.get_by_role("link", name="Make the first environment").click()
    page.get_by_label("Short name").fill("dev")
    page.get_by_label("Order on the way to production").fill("1")
    page.get_by_label("local").check()
    page.get_by_role("button", name="Make the environment").click()
    page.get_by_role("link", name="Ferry").click()


def define_image(page: Page) -> None:
    page.get_by_role("link", name="Define an image").click()
    page.get_by_label("Short name").fill("ticker")
    page.locator(".cm-content[aria-label^=Dockerfile]").fill(DOCKERFILE)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="ticker", level=1)).to_be_visible()


def watch_the_build(page: Page) -> None:
    """Lines and steps come while it builds, and its end shows, all in the one document."""
    page.get_by_role("button", name="Build", exact=True).click()
    expect(page.get_by_role("heading", name="Build 1 of ticker")).to_be_visible()
    mark(page)
    until(page, "a line of the slow step", lambda: any("counting 2" in text for text in log_texts(page)))
    state = page.locator("#build .state").first
    expect(state).to_have_text("building")
    expect(page.get_by_role("log").get_by_text("counting 2")).to_be_visible()
    assert not any("counting 8" in text for text in log_texts(page)), "the lines came only when it was over"
    step = page.locator("#build .steps-list li", has_text="RUN for n in")
    expect(step).to_be_visible()
    expect(step).to_contain_text("running")
    assert not any("counting 8" in text for text in log_texts(page)), "the step came only when it was over"
    expect(state).to_have_text("succeeded")
    expect(step).to_contain_text("succeeded")
    expect(page.locator("[data-log-state]")).to_have_text("Ended")
    assert sum("counting" in text and "for n" not in text for text in log_texts(page)) == 8
    assert is_marked(page)


def define_service(page: Page) -> None:
    page.get_by_role("link", name="Ferry").click()
    page.get_by_role("link", name="Define a service").click()
    page.get_by_label("Short name").fill("ticker")
    page.get_by_role("button", name="Define the service").click()
    expect(page.get_by_role("heading", name="ticker", level=1)).to_be_visible()


def watch_the_deployment(page: Page) -> None:
    """To its success, without loading the page anew."""
    page.get_by_role("link", name="Deploy", exact=True).click()
    page.get_by_role("button", name="Deploy").click()
    asked = page.locator("#confirm")
    expect(asked).to_contain_text("Deploy build 1 of ticker to dev on local as 1 replica.")
    expect(asked.get_by_role("button", name="Deploy")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Deployment of ticker to dev")).to_be_visible()
    mark(page)
    expect(page.locator("#deployment .sentence")).to_contain_text("ticker")
    expect(page.locator("#deployment .state").first).to_have_text("succeeded")
    expect(page.locator("#deployment .steps-list li").first).to_contain_text("succeeded")
    assert is_marked(page)


def open_the_replica(page: Page) -> None:
    page.locator("#deployment").get_by_role("link", name=re.compile(r"^ticker \d$")).click()
    expect(page.get_by_role("heading", name=re.compile(r"^Replica \d of ticker in dev$"))).to_be_visible()
    expect(page.locator("[data-log-state]")).to_have_text("Live")
    until(page, "the container's first line", lambda: "tick 1" in log_texts(page))
    seen = len(log_texts(page))
    until(page, "ten lines more, live", lambda: len(log_texts(page)) >= seen + 10)
    expect(page.locator("#replica .state").first).to_have_text("healthy")
