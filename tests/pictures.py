"""Pictures of every page, of a real Slipway with its demo: `python -m tests.pictures FOLDER` (after bin/test's set-up).

Starts its own house on a free port, plays the five-minute tour through the API, and photographs each page in dark and
light at three widths. README's pictures are dark ones at 1440 (`--readme` writes only these, to docs/pictures/).
`--only board,build --widths 390` takes less.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Literal

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from tests.contract.packing import GOOD, tar_gz
from tests.flows.house import ADMIN_PASSWORD, ROOT, House, engine_address, running_house
from tests.flows.story import Json, build, get, make_image, post

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]
WIDTHS = (1440, 1024, 390)
OF_README = ("board", "approval", "failed")
SETTLE_SECONDS = 1.2
SIGN_IN = "/sign-in/"
DOORS = (SIGN_IN, "/join/")  # seen by who is not signed in
BROKEN = "FROM slipway/busybox:1\nRUN echo about to lift\nRUN crane --lift\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
    parser.add_argument("folder", nargs="?", default="var/pictures")
    parser.add_argument("--readme", action="store_true", help="only the pictures of the README")
    parser.add_argument("--only", default="", help="names of pages, with commas between")
    parser.add_argument("--widths", default=WIDTHS, type=_numbers, help="widths in px, with commas between")
    asked = parser.parse_args()
    with running_house(engine_address()) as house:
        pages = play(house)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            if asked.readme:
                photograph(browser, house, {name: pages[name] for name in OF_README}, ROOT / "docs" / "pictures")
            else:
                wanted = {name: path for name, path in pages.items() if not asked.only or name in asked.only.split(",")}
                photograph(browser, house, wanted, Path(asked.folder), widths=asked.widths)
    return 0


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(","))


def look_at_files(house: House, api: httpx.Client, replica: Json) -> None:
    """Something was written in its container, and somebody looked."""
    writes = "mkdir -p /app/cache; echo KEY=1 > /app/.env; head -c 300000 /dev/zero > /app/cache/index; rm /bin/nc"
    house.docker("exec", replica["container"], "sh", "-c", writes)
    asked = post(api, f"replicas/{replica['id']}/comparisons/", {}, status=202)
    get(api, f"comparisons/{asked['id']}/", wait=30)


def play(house: House) -> dict[str, str]:
    """The tour: the demo built, deployed to dev, promoted to staging, waiting before production. Paths by name."""
    house.manage("demo")
    with house.api() as api:
        project = get(api, "projects/")["results"][0]
        services = get(api, "services/", project=project["id"])["results"]
        environments = sorted(get(api, "environments/", project=project["id"])["results"], key=lambda e: e["rank"])
        for service in services:
            built = _built(api, service["image"])
            body = {"service": service["id"], "environment": environments[0]["id"], "build": built["id"]}
            first = _over(api, post(api, "deployments/", body, status=202))
        second = _over(api, post(api, f"deployments/{first['id']}/promotion/", {}, status=202))
        third = post(api, f"deployments/{second['id']}/promotion/", {}, status=202)
        replica = get(api, "replicas/", service=services[0]["id"], environment=environments[0]["id"])["results"][0]
        look_at_files(house, api, replica)
        image, team = services[0]["image"], project["team"]
        host = get(api, "hosts/")["results"][0]["id"]
        post(api, "secrets/", {"project": project["id"], "name": "API_KEY", "value": "not to be seen"})
        empty, failed = _beside(api, team)
        post(api, f"builds/{built['id']}/exports/", {"layout": "oci"}, status=202)
        invited = post(api, f"teams/{team}/invitations/", {"role": "developer"})
        more = _doors(api, project["id"])
    return {
        **more,
        "sign-in": SIGN_IN,
        "projects": "/projects/",
        "board": f"/projects/{project['id']}/",
        "empty": f"/projects/{empty}/",
        "images": f"/projects/{project['id']}/images/",
        "deployments": f"/projects/{project['id']}/deployments/",
        "environments": f"/projects/{project['id']}/environments/",
        "environment": f"/environments/{environments[2]['id']}/",
        "secrets": f"/projects/{project['id']}/secrets/",
        "new-image": f"/projects/{project['id']}/images/new/",
        "new-service": f"/projects/{project['id']}/services/new/",
        "image": f"/images/{image}/",
        "build": f"/builds/{built['id']}/",
        "exports": f"/builds/{built['id']}/exports/",
        "failed": f"/builds/{failed}/",
        "service": f"/services/{services[0]['id']}/",
        "deploy": f"/services/{services[0]['id']}/deployment/",
        "release": f"/releases/{second['release']}/",
        "deployment": f"/deployments/{second['id']}/",
        "approval": f"/deployments/{third['id']}/",
        "replica": f"/replicas/{replica['id']}/",
        "replica_files": f"/replicas/{replica['id']}/files/",
        "replica_image": f"/replicas/{replica['id']}/image/",
        "hosts": "/hosts/",
        "host": f"/hosts/{host}/",
        "team": f"/teams/{team}/",
        "join": httpx.URL(invited["link"]).path,
        "people": "/people/",
        "edit-image": f"/images/{image}/definition/",
        "tokens": "/tokens/",
        "reference": "/api/v1/docs/",
        "audit": "/audit/",
        "account": "/account/",
        "missing": "/projects/nothing/",
    }


def _beside(api: httpx.Client, team: str) -> tuple[str, str]:
    """A project in which nothing runs, and a build of it that failed."""
    project = post(api, "projects/", {"team": team, "slug": "quay", "name": "Quay"})
    image = make_image(api, project, slug="crane", dockerfile=BROKEN)
    return str(project["id"]), str(build(api, image)["id"])


def _doors(api: httpx.Client, project: str) -> dict[str, str]:
    """By which others come in and are told: a registry, a hook with a delivery, a channel with a notice."""
    source = {"kind": "git", "url": "https://git.example.org/team/shop.git"}
    image = post(api, "images/", {"project": project, "slug": "pushed", "source": source})
    made = {"image": image["id"], "name": "pushes", "kind": "gitlab", "branches": ["release/*", "main"]}
    hook = post(api, "hooks/", made)
    push = {"ref": "refs/heads/topic", "checkout_sha": "a" * 40, "project": {"git_http_url": source["url"]}}
    headers = {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": hook["secret"]}
    address = f"{api.base_url.scheme}://{api.base_url.netloc.decode()}/hooks/{hook['id']}/"
    httpx.post(address, json=push, headers=headers, timeout=10)
    delivery = get(api, f"hooks/{hook['id']}/deliveries/")["results"][0]["id"]
    told = {"project": project, "name": "chat", "kind": "webhook", "url": "https://chat.example.org/in"}
    channel = post(api, "channels/", {**told, "events": ["build.failed", "deployment.failed"]})
    api.post(f"channels/{channel['id']}/test/", json={})
    registry = post(api, "registries/", {"project": project, "url": "registry.example.org", "prefix": "shop"})
    archive = tar_gz(GOOD)
    kind = {"Content-Type": "application/gzip"}
    upload = api.post(f"projects/{project}/uploads/?name=shop.tar.gz", content=archive, headers=kind).json()["id"]
    packed = {"project": project, "slug": "packed", "source": {"kind": "archive", "upload": upload}}
    return {
        "uploads": f"/projects/{project}/uploads/",
        "new-from-archive": f"/projects/{project}/images/new/?upload={upload}",
        "packed": f"/images/{post(api, 'images/', packed)['id']}/",
        "retention": f"/projects/{project}/retention/?keep=1&releases=2",
        "registries": f"/projects/{project}/registries/",
        "registry": f"/registries/{registry['id']}/",
        "hooks": f"/projects/{project}/hooks/",
        "new-hook": f"/projects/{project}/hooks/new/",
        "hook": f"/ci-hooks/{hook['id']}/",
        "delivery": f"/deliveries/{delivery}/",
        "notices": f"/projects/{project}/notices/",
        "new-channel": f"/projects/{project}/channels/new/",
        "channel": f"/channels/{channel['id']}/",
    }


def _built(api: httpx.Client, image: str) -> Json:
    """The image's newest build once it is over."""
    found = get(api, f"images/{image}/builds/")["results"]
    made = found[0] if found else post(api, f"images/{image}/builds/", {}, status=202)
    return get(api, f"builds/{made['id']}/", wait=60)


def _over(api: httpx.Client, deployment: Json) -> Json:
    return get(api, f"deployments/{deployment['id']}/", wait=60)


def photograph(
    browser: Browser, house: House, pages: dict[str, str], folder: Path, *, widths: tuple[int, ...] = ()
) -> None:
    """Every page in both colours and these widths; without widths in dark on a desk, no longer than the screen."""
    folder.mkdir(parents=True, exist_ok=True)
    both: tuple[Literal["dark", "light"], ...] = ("dark", "light")
    for colours in both if widths else both[:1]:
        stranger = browser.new_page(color_scheme=colours, base_url=house.url)
        page = browser.new_page(color_scheme=colours, base_url=house.url)
        _sign_in(page)
        for width in widths or WIDTHS[:1]:
            for name, path in pages.items():
                seen = stranger if path.startswith(DOORS) else page
                seen.set_viewport_size({"width": width, "height": 900})
                seen.goto(path)
                time.sleep(SETTLE_SECONDS)
                shown = f"{name}-{colours}-{width}" if widths else f"{name}-{colours}"
                seen.screenshot(path=folder / f"{shown}.png", full_page=bool(widths))
        stranger.close()
        page.close()


def _sign_in(page: Page) -> None:
    page.goto(SIGN_IN)
    page.fill("#username", "admin")
    page.fill("#password", ADMIN_PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/projects/**")


if __name__ == "__main__":
    sys.exit(main())
