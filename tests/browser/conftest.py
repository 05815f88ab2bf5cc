"""One running Slipway and one Chromium for all tests of the pages; each test has a page of its own."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, ViewportSize, expect, sync_playwright

from launch.test import BROWSERS
from tests.browser.quiet import PROXY, quiet
from tests.browser.screen import PATIENCE_MS, Complaints, sign_in
from tests.flows.house import House, engine_address, running_house

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]
DESK: ViewportSize = {"width": 1440, "height": 900}


@pytest.fixture(scope="package")
def house() -> Iterator[House]:
    """A running Slipway; tests share it and use names of their own."""
    with running_house(engine_address()) as running:
        yield running


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Its loop runs in this thread, so nothing asynchronous can be tested while it lives."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert program, "Chromium is missing: bin/test installs it (as root: apt-get install chromium)"
    expect.set_options(timeout=PATIENCE_MS)
    with quiet(program) as start, sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=start, args=ARGUMENTS, proxy=PROXY)
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def signed_in(house: House, browser: Browser) -> StorageState:
    """The cookies of a session of the admin."""
    context = browser.new_context(base_url=house.url)
    sign_in(context.new_page())
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def context(house: House, browser: Browser, signed_in: StorageState) -> Iterator[BrowserContext]:
    """A browser in which the admin is signed in, in dark, without motion."""
    made = browser.new_context(
        base_url=house.url, storage_state=signed_in, viewport=DESK, color_scheme="dark", reduced_motion="reduce"
    )
    made.set_default_timeout(PATIENCE_MS)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """One tab of it."""
    return context.new_page()


@pytest.fixture
def complaints(page: Page) -> Complaints:
    """What the browser complains of on the page, from now on."""
    return Complaints(page)
