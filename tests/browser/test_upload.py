"""An archive is dropped on the form of an image, sent with its progress, and built from; a folder is packed here."""

import base64
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.screen import Complaints, log_texts, until
from tests.contract.packing import ATTACKS, tar, tar_gz
from tests.flows.house import House
from tests.flows.story import get, make_project
from tests.procedures.saved import IMAGE_ID, docker, packed

pytestmark = pytest.mark.browser

BUILD_S = 60  # the first build on an engine makes the base image too
# What the engine has in its cache says nothing: each run has a step of its own.
RUN_OF_TEST = uuid.uuid4().hex.encode()
DOCKERFILE = (
    b"FROM slipway/busybox:1\nENV RUN="
    + RUN_OF_TEST
    + b"\nCOPY cargo.txt /cargo.txt\nRUN cat /cargo.txt\nCMD sleep 60\n"
)
ENTRIES: list[Any] = [("Dockerfile", DOCKERFILE), ("cargo.txt", b"a hundred crates\n")]
DROP = """(drop, [name, base64]) => {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name));
  drop.dispatchEvent(new DragEvent("dragover", { dataTransfer: transfer, bubbles: true, cancelable: true }));
  drop.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def project(house: House) -> str:
    with house.api() as api:
        return str(make_project(api, slug="cargo")["project"]["id"])


def drop(page: Page, data: bytes, name: str = "cargo.tar.gz") -> None:
    page.locator("[data-upload]:visible").evaluate(DROP, [name, base64.b64encode(data).decode()])


def test_an_archive_is_dropped_built_and_there(house: House, page: Page, project: str, complaints: Complaints) -> None:
    page.goto(f"/projects/{project}/images/new/")
    page.get_by_label("Short name").fill("cargo")
    page.get_by_label("an uploaded archive or folder").check()
    drop(page, tar_gz(ENTRIES))
    expect(page.locator("[data-told]:visible")).to_have_text("cargo.tar.gz is here.")
    expect(page.get_by_label("Archive", exact=True).locator("option:checked").first).to_contain_text("cargo.tar.gz")
    page.get_by_role("button", name="Save and build").click()
    expect(page.get_by_role("heading", name="Build 1 of cargo")).to_be_visible()
    until(
        page,
        "what the archive holds",
        lambda: any("a hundred crates" in text for text in log_texts(page)),
        seconds=BUILD_S,
    )
    expect(page.locator("#build .state").first).to_have_text("succeeded", timeout=BUILD_S * 1000)
    with house.api() as api:
        image = get(api, "images/", project=project, slug="cargo")["results"][0]
        built = get(api, f"images/{image['id']}/builds/")["results"][0]
    assert house.docker("image", "inspect", "-f", "{{.Id}}", built["digest"]).strip() == built["digest"]
    page.goto(f"/images/{image['id']}/")
    expect(page.get_by_text("2 entries")).to_be_visible()
    assert complaints.all() == []


def test_a_saved_image_is_dropped_and_taken_in(house: House, page: Page, project: str, complaints: Complaints) -> None:
    page.goto(f"/projects/{project}/images/new/")
    page.get_by_label("Short name").fill("saved")
    page.get_by_label("an image saved as an archive").check()
    drop(page, packed(docker()), "front.tar")
    expect(page.locator("[data-told]:visible")).to_have_text("front.tar is here.")
    expect(page.get_by_label("Saved image").locator("option:checked")).to_contain_text("front.tar")
    expect(page.get_by_label("Stage to build")).to_be_hidden()
    page.get_by_role("button", name="Save and build").click()
    expect(page.get_by_role("heading", name="Build 1 of saved")).to_be_visible()
    expect(page.locator("#build .state").first).to_have_text("succeeded", timeout=BUILD_S * 1000)
    with house.api() as api:
        image = get(api, "images/", project=project, slug="saved")["results"][0]
        built = get(api, f"images/{image['id']}/builds/")["results"][0]
    assert built["digest"] == IMAGE_ID
    assert "/saved:1-" in house.docker("image", "inspect", "-f", "{{.RepoTags}}", IMAGE_ID)
    page.goto(f"/projects/{project}/uploads/")
    page.get_by_role("link", name="Import front.tar as a saved image").click()
    expect(page.get_by_label("Saved image").locator("option:checked")).to_contain_text("front.tar")
    assert complaints.all() == []


def test_its_progress_shows_and_it_can_be_stopped(page: Page, project: str) -> None:
    """The line is slow: what is sent waits until somebody lets it through."""
    page.goto(f"/projects/{project}/uploads/")
    page.route(re.compile("/uploads/\\?name="), lambda route: None)
    page.get_by_label("Send one:").set_input_files({"name": "a.tar", "mimeType": "", "buffer": tar(ENTRIES)})
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("[data-told]")).to_have_text("a.tar is not sent. Nothing was kept.")
    expect(page.get_by_role("progressbar")).to_be_hidden()


def test_what_is_refused_says_why_where_it_was_dropped(page: Page, project: str) -> None:
    page.goto(f"/projects/{project}/uploads/")
    drop(page, tar(ATTACKS["up"]), "evil.tar")
    expect(page.locator("[data-told]")).to_contain_text("The archive is refused.")
    page.route(re.compile("/uploads/\\?name="), lambda route: _fail(route))
    drop(page, tar(ENTRIES), "good.tar")
    expect(page.locator("[data-told]")).to_contain_text("The connection broke off.")


def _fail(route: Route) -> None:
    route.abort()


def test_a_folder_that_is_packed_here_is_an_archive(house: House, page: Page, project: str, tmp_path: Path) -> None:
    """The packer is asked directly: no browser lets a script drop a folder."""
    page.goto(f"/projects/{project}/uploads/")
    long = "/".join(["folder-of-a-long-name"] * 6) + "/file.txt"
    sent = page.evaluate(
        """async (long) => {
          const script = document.querySelector('script[src*="upload"]').src;
          const { packed } = await import(new URL("tar.js", script));
          const file = (name, text) => ({ isFile: true, name, file: (done) => done(new File([text], name)) });
          const folder = (name, entries) => ({ name, createReader: () => {
            const left = [entries, []];
            return { readEntries: (done) => done(left.shift()) };
          } });
          let inner = file("file.txt", "deep");
          for (const name of long.split("/").slice(0, -1).reverse()) inner = folder(name, [inner]);
          const blob = await packed(folder("root", [file("Dockerfile", "FROM scratch\\n"), inner]));
          const answer = await fetch(document.querySelector("[data-upload]").dataset.upload + "?name=folder.tar", {
            method: "POST", body: blob, headers: { "Content-Type": "application/x-tar",
              "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content } });
          return await answer.json();
        }""",
        long,
    )
    assert sent["format"] == "tar" and sent["entries"] == 8, sent


def test_without_a_script_the_form_sends_it(house: House, browser: Any, signed_in: Any, project: str) -> None:
    context = browser.new_context(base_url=house.url, storage_state=signed_in, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"/projects/{project}/uploads/")
    page.get_by_label("Send one:").set_input_files(
        {"name": "plain.tar", "mimeType": "application/x-tar", "buffer": tar([*ENTRIES, ("plain", b"x")])}
    )
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("plain.tar is here.")).to_be_visible()
    context.close()
