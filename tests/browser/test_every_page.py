"""Every page in dark and light, on a desk and on a phone: for everybody, without a complaint, never too wide."""

import re

import httpx
import pytest
from django.urls import NoReverseMatch, reverse
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.axe import OF_LOOKS, violations
from tests.browser.pages import OTHERS, PAGES, address_of, page_names
from tests.browser.screen import Complaints
from tests.browser.stage import set_stage
from tests.certificates.given import made
from tests.flows.house import House
from tests.flows.story import Json, build, get, make_image, post

pytestmark = pytest.mark.browser

PHONE: ViewportSize = {"width": 390, "height": 844}
BROKEN = "FROM slipway/busybox:1\nRUN echo before the fall; exit 3\n"


@pytest.fixture(scope="module")
def ids(house: House) -> dict[str, str]:
    """A project in which something of each kind is there, good and bad; ids by kind."""
    mounts = [{"name": "data", "path": "/data"}]
    stage = set_stage(house, slug="harbour-of-a-rather-long-name", ports=[{"container": 8080}], volumes=mounts)
    project = stage.project["id"]
    with house.api() as api:
        broken = make_image(api, stage.project, slug="broken", dockerfile=BROKEN, files={"index.html": "<p>x</p>"})
        told = {"project": project, "name": "chat", "kind": "webhook", "url": "https://chat.example.org/in"}
        revised = a_change(api, broken)
        compared = build(api, stage.image)
        channel = post(api, "channels/", {**told, "events": ["build.started", "build.failed"]})
        failed = build(api, broken)
        post(api, "secrets/", {"project": project, "name": "API_KEY", "value": "secret"})
        guarded = {"project": project, "slug": "production", "rank": 2, "protected": True, "hosts": ["local"]}
        post(api, "environments/", {**guarded, "required_approvals": 1})
        waiting = post(api, f"deployments/{stage.deployment['id']}/promotion/", {}, status=202)
        post(api, f"teams/{stage.team['id']}/invitations/", {"role": "viewer"})
        membership = get(api, f"teams/{stage.team['id']}/members/")["results"][0]
        host = get(api, "hosts/")["results"][0]
        volume = get(api, f"volumes/?project={project}")["results"][0]
        post(api, f"volumes/{volume['id']}/backups/", {}, status=202)
        hook, delivery = a_delivery(api, house, project)
        profile = get(api, "isolation-profiles/")["results"][0]
        key = post(api, f"projects/{project}/deploy-keys/", {"name": "shop"})
        given = made("shop.example.com", "*.shop.example.com")
        own = {"name": "shop", "chain": given.chain, "key": given.key}
        post(api, f"projects/{project}/certificates/", own)
        registry = post(api, "registries/", {"project": project, "url": "registry.example.org", "prefix": "shop"})
    return {
        "project": project,
        "team": stage.team["id"],
        "membership": membership["id"],
        "environment": stage.dev["id"],
        "host": host["id"],
        "volume": volume["id"],
        "hook": hook,
        "registry": registry["id"],
        "deploy key": key["id"],
        "profile": profile["id"],
        "delivery": delivery,
        "channel": channel["id"],
        "image": stage.image["id"],
        "revision": revised,
        "build": failed["id"],
        "good build": stage.build["id"],
        "compared build": compared["id"],
        "service": stage.service["id"],
        "release": stage.deployment["release"],
        "deployment": waiting["id"],
        "done deployment": stage.deployment["id"],
        "replica": stage.replica["id"],
    }


def a_change(api: httpx.Client, image: Json) -> str:
    """Two settings and a line of text are changed; the id of the revision that this made."""
    source = {**image["source"], "dockerfile": f"{BROKEN}CMD sleep 9\n"}
    build_settings = {"args": {"VERSION": "2"}, "timeout": 60}
    told = {"source": source, "build": build_settings, "why": "a longer sleep"}
    api.patch(f"images/{image['id']}/", json=told).raise_for_status()
    return str(get(api, f"images/{image['id']}/revisions/")["results"][0]["id"])


def a_delivery(api: httpx.Client, house: House, project: str) -> tuple[str, str]:
    """A hook and what it was told: a push that its filters leave out."""
    source = {"kind": "git", "url": "https://git.example.org/team/shop.git"}
    image = post(api, "images/", {"project": project, "slug": "pushed", "source": source})
    hook = post(api, "hooks/", {"image": image["id"], "name": "pushes", "kind": "gitlab", "branches": ["release/*"]})
    project_told = {"git_http_url": source["url"]}
    push = {"ref": "refs/heads/main", "after": "a" * 40, "checkout_sha": "a" * 40, "project": project_told}
    headers = {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": hook["secret"]}
    assert httpx.post(f"{house.url}/hooks/{hook['id']}/", json=push, headers=headers, timeout=10).status_code == 204
    return hook["id"], get(api, f"hooks/{hook['id']}/deliveries/")["results"][0]["id"]


@pytest.mark.parametrize("name", sorted(PAGES))
def test_this_page_is_for_everybody(page: Page, complaints: Complaints, ids: dict[str, str], name: str) -> None:
    assert_good(page, complaints, address_of(name, ids))


@pytest.mark.parametrize(
    ("name", "kind"), [("build", "good build"), ("deployment", "done deployment"), ("environment", "environment")]
)
def test_its_other_face_is_for_everybody_too(
    page: Page, complaints: Complaints, ids: dict[str, str], name: str, kind: str
) -> None:
    assert_good(page, complaints, reverse(name, args=[ids[kind]]))


def test_the_door_is_for_everybody(house: House, browser: Browser) -> None:
    context = browser.new_context(base_url=house.url, color_scheme="dark", reduced_motion="reduce")
    page = context.new_page()
    assert_good(page, Complaints(page), "/sign-in/")
    context.close()


def test_the_api_is_explained_to_everybody_and_is_searched(page: Page, complaints: Complaints) -> None:
    assert_good(page, complaints, "/api/v1/docs/#builds_retrieve")
    verb, other = page.locator("#builds_retrieve"), page.locator("#hosts_list")
    expect(verb.get_by_text("Hold the answer until it is over.")).to_be_visible()
    assert violations(page) == [], "with a verb open"
    page.get_by_label("Find a verb").fill("builds/{id} wait")
    expect(verb).to_be_visible()
    expect(other).to_be_hidden()
    page.get_by_label("Find a verb").fill("")
    verb.get_by_role("link", name="Build", exact=True).click()
    expect(page.locator("#thing-Build").get_by_text("digest", exact=True)).to_be_visible()
    assert complaints.all() == []


def test_what_is_not_there_looks_like_the_rest_for_who_is_signed_in(page: Page) -> None:
    answer = page.goto("/projects/nobody/")
    assert answer is not None and answer.status == 404
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    assert violations(page) == []


def test_dialogs_are_for_everybody(page: Page, complaints: Complaints, ids: dict[str, str]) -> None:
    page.goto(address_of("environment", ids))
    for colours in ("dark", "light"):
        page.emulate_media(color_scheme=colours)
        page.keyboard.press("/")
        expect(page.locator("#palette [role=option]").first).to_be_visible()
        assert violations(page) == [], f"the palette in {colours}"
        page.keyboard.press("Escape")
        expect(page.locator("#palette")).to_be_hidden()
        page.keyboard.press("?")
        expect(page.locator("#help")).to_be_visible()
        assert violations(page) == [], f"the help in {colours}"
        page.keyboard.press("Escape")
        expect(page.locator("#help")).to_be_hidden()
        page.get_by_role("button", name="Delete").click()
        expect(page.locator("#confirm")).to_be_visible()
        assert violations(page) == [], f"the question in {colours}"
        page.keyboard.press("Escape")
        expect(page.locator("#confirm")).to_be_hidden()
    assert complaints.all() == []


def test_no_page_is_left_out(house: House) -> None:
    """Whatever answers GET is in one of the two lists; verbs answer 405, whoever is asked for."""
    answering = set()
    for name in page_names():
        try:
            path = reverse(name, args=["nobody"])
        except NoReverseMatch:
            path = _plain(name)
        if httpx.get(house.url + path, timeout=10).status_code != 405:
            answering.add(name)
    assert answering == (set(PAGES) | OTHERS)


def _plain(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return _of_a_step(name)


def _of_a_step(name: str) -> str:
    try:
        return reverse(name, args=["nobody", "restart"])
    except NoReverseMatch:
        return reverse(name, args=["nobody", "promotion"])


def assert_good(page: Page, complaints: Complaints, path: str) -> None:
    answer = page.goto(path)
    assert answer is not None and answer.ok
    if page.locator("[data-log-state]").count():
        expect(page.locator("[data-log-state]")).to_have_text(re.compile(r"^(Live|Ended)$"))
    assert violations(page) == [], "in dark, on a desk"
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="light")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    width, room = page.evaluate("() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert width <= room, f"{width} px wide on a phone"
    assert violations(page, *OF_LOOKS) == [], "in light, on a phone"
    assert complaints.all() == []
