"""Where there is nothing yet, the page says what to do next."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.screen import sign_in
from tests.flows.house import House
from tests.flows.story import Json, make_image, make_project, make_service

pytestmark = pytest.mark.browser

PASSWORD = "a newcomer who waits at the pier"
MAKE_NEWCOMER = f"""
from webapp.teams.policy import SYSTEM
from webapp.teams.services import create_user
create_user(actor=SYSTEM, username="newcomer", password="{PASSWORD}")
"""


@pytest.fixture(scope="module")
def newcomer(house: House, browser: Browser) -> Page:
    """Somebody who is in no team."""
    house.manage("shell", "--no-imports", "--command", MAKE_NEWCOMER)
    page = browser.new_context(base_url=house.url).new_page()
    sign_in(page, "newcomer", PASSWORD)
    return page


@pytest.fixture(scope="module")
def bare(house: House) -> dict[str, Json]:
    """A project with an image that was never built and a service that was never deployed; and one with nothing."""
    with house.api() as api:
        place = make_project(api, slug="bare")
        image = make_image(api, place["project"], slug="front", dockerfile="FROM slipway/busybox:1\n")
        service = make_service(api, place["project"], image, slug="front")
        body = {"team": place["team"]["id"], "slug": "nothing", "name": "Nothing"}
        nothing: Json = api.post("projects/", json=body).raise_for_status().json()
    return {"project": place["project"], "image": image, "service": service, "nothing": nothing}


@pytest.mark.parametrize(
    ("path", "says", "next_step"),
    [
        ("/projects/", "No project yet", "Make a team"),
        ("/teams/", "You are in no team yet", "Join a team"),
        ("/tokens/", "No token yet", "Make the token"),
        ("/hosts/", "No host serves you yet", "Go to the teams"),
        ("/audit/", "No entry yet", "To the projects"),
        ("/account/", "None yet", "make a team"),
    ],
)
def test_a_newcomer_is_told_what_to_do_next(newcomer: Page, path: str, says: str, next_step: str) -> None:
    newcomer.goto(path)
    main = newcomer.get_by_role("main")
    expect(main.get_by_text(says)).to_be_visible()
    step = main.get_by_role("link", name=next_step).or_(main.get_by_role("button", name=next_step))
    expect(step.first).to_be_visible()


@pytest.mark.parametrize(
    ("path", "says", "next_step"),
    [
        ("/projects/{nothing}/", "Nothing runs here yet", "Add an environment"),
        ("/projects/{nothing}/images/", "No image yet", "Define the first image"),
        ("/projects/{nothing}/environments/", "No environment yet", "Make the first environment"),
        ("/projects/{nothing}/secrets/", "No secret yet", "Save"),
        ("/images/{image}/", "Not built yet", "Build"),
        ("/images/{image}/", "Services that run it", "front"),
        ("/services/{service}/", "Not deployed yet", "deploy it"),
        ("/services/{service}/", "Nothing runs of it", "Deploy"),
        ("/services/{service}/", "The first deployment freezes the first release", "deploy it"),
    ],
)
def test_an_empty_list_of_a_project_says_what_to_do_next(
    bare: dict[str, Json], page: Page, path: str, says: str, next_step: str
) -> None:
    page.goto(path.format(**{name: made["id"] for name, made in bare.items()}))
    main = page.get_by_role("main")
    expect(main.get_by_text(says).first).to_be_visible()
    step = main.get_by_role("link", name=next_step).or_(main.get_by_role("button", name=next_step))
    expect(step.first).to_be_visible()


def test_an_empty_project_leads_to_each_of_its_steps(bare: dict[str, Json], page: Page) -> None:
    page.goto(f"/projects/{bare['nothing']['id']}/")
    way = page.locator(".empty-state .way li")
    expect(way).to_have_count(4)
    for name, title in (("Define an image", "New image"), ("Define a service", "New service")):
        page.goto(f"/projects/{bare['nothing']['id']}/")
        way.get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
