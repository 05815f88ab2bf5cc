"""Pages of images and builds."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from runtime.contract.reports import Finish, Problem, Progress, Step
from tests.cast import ROLES, Cast
from tests.deployments.rig import SOURCE, Harbour
from tests.pages.reading import SCRIPT, get, post
from webapp.images.models import Build, Image
from webapp.images.services import define_image, request_build
from webapp.jobs import services as jobs

pytestmark = pytest.mark.thorough

INLINE = {"slug": "shop", "kind": "dockerfile", "dockerfile": "FROM slipway/busybox:1\r\nRUN true\r\n"}
GIT = {"slug": "shop", "kind": "git", "url": "https://git.example.org/a/b"}


def send(client: Client, url: str, **fields: Any) -> tuple[int, str]:
    answer = client.post(url, fields)
    return answer.status_code, answer.content.decode()


def test_an_image_is_written_here_with_the_files_beside_it(cast: Cast) -> None:
    new = reverse("image_new", args=[cast.project.id])
    assert "Save and build" in get(cast.client("developer"), new)
    files = {"file_path": ["a.txt", "", " b/c.sh "], "file_text": ["one\r\ntwo", "lost", "#!/bin/sh\r\n"]}
    assert post(cast.client("developer"), new, **INLINE, **files, args="A=1\r\nB=x=y") == 302
    image = Image.objects.get()
    assert image.source["dockerfile"] == "FROM slipway/busybox:1\nRUN true\n"
    assert image.source["files"] == {"a.txt": "one\ntwo", "b/c.sh": "#!/bin/sh\n"}
    assert image.build["args"] == {"A": "1", "B": "x=y"}


def test_save_and_build_leads_to_the_build(harbour: Harbour) -> None:
    new = reverse("image_new", args=[harbour.cast.project.id])
    answer = harbour.cast.client("developer").post(new, {**INLINE, "build": "1"})
    assert answer["Location"] == reverse("build", args=[Build.objects.get().id])


def test_saving_what_the_form_shows_changes_nothing(cast: Cast) -> None:
    image = define_image(
        actor=cast.actor("owner"),
        project=cast.project,
        slug="shop",
        source={**SOURCE, "files": {"a": "x\ny\n"}},
        build={"args": {"MANY": "a\nb"}, "timeout": 99, "target": "last"},
    )
    edit = reverse("image_edit", args=[image.id])
    form = cast.client("owner").get(edit).context["form"]
    fields = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    sent = cast.client("owner").post(edit, {**fields, "file_path": ["a"], "file_text": ["x\r\ny\r\n"]})
    assert sent.status_code == 302
    again = Image.objects.get()
    assert (again.revision, again.source, again.build) == (1, image.source, image.build)


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"slug": "Not a slug"}, "slug", "beginning with a letter"),
        ({"dockerfile": "RUN true"}, "dockerfile", "no FROM"),
        ({"dockerfile": "# syntax=evil\nFROM a"}, "dockerfile", "frontend"),
        ({**GIT, "url": "http://169.254.169.254/"}, "url", "https:// or ssh:// only"),
        ({**GIT, "ref": "--upload-pack=x"}, "ref", "plain branch"),
        ({**GIT, "path": "../../etc/passwd"}, "path", "without .."),
        ({**GIT, "directory": "/etc"}, "directory", "without .."),
        ({"args": "LD_PRELOAD=x"}, "args", "reserved"),
        ({"args": "DB_PASSWORD=x"}, "args", "readable in the image"),
        ({"timeout": "1"}, "timeout", "between"),
        ({"timeout": "soon"}, "timeout", "whole number"),
        ({"file_path": ["../x"], "file_text": [""]}, "__all__", "without .."),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_what_was_typed_is_kept(
    cast: Cast, fields: dict[str, Any], field: str, said: str
) -> None:
    answer = cast.client("developer").post(reverse("image_new", args=[cast.project.id]), {**INLINE, **fields})
    errors = answer.context["form"].errors
    assert answer.status_code in (400, 422) and list(errors) == [field] and said in str(errors[field])
    assert said in answer.content.decode() and not Image.objects.exists()
    kept = answer.context["form"]
    assert all(kept[name].value() == value for name, value in fields.items() if name in kept.fields)


def test_a_name_that_is_taken_and_a_build_without_a_host_are_said(harbour: Harbour) -> None:
    cast = harbour.cast
    new = reverse("image_new", args=[cast.project.id])
    status, html = send(cast.client("owner"), new, **{**INLINE, "slug": "front"})
    assert status == 409 and "already has an image front" in html
    cast.host.drained = True
    cast.host.save()
    status, html = send(cast.client("owner"), reverse("image_build", args=[harbour.image.id]))
    assert status == 422 and "Host local is drained" in html


@pytest.mark.parametrize("who", ROLES)
def test_an_image_offers_what_one_may(harbour: Harbour, who: str) -> None:
    build = harbour.built()
    html = get(harbour.cast.client(who), reverse("image", args=[harbour.image.id]))
    assert reverse("build", args=[build.id]) in html and "FROM slipway/busybox:1" in html
    for route in ("image_edit", "image_delete", "image_build"):
        assert (reverse(route, args=[harbour.image.id]) in html) == (who != "viewer")


def failed(harbour: Harbour) -> Build:
    """A build whose second step failed, with evidence."""
    build = request_build(actor=harbour.cast.actor("developer"), image=harbour.image)
    claimed = harbour.claim(build.job)
    steps = [
        Step(number=1, name=f"FROM {SCRIPT}", state="succeeded", started_ns=0, finished_ns=1, cached=True),
        Step(number=2, name="RUN make it", state="failed", started_ns=1, finished_ns=2, first_line=7),
        Step(number=3, name="RUN never", state="cancelled", started_ns=2, finished_ns=2),
    ]
    jobs.progress(job=claimed, progress=Progress(state="running", phase="building", steps=steps), now=now())
    problem = Problem(
        code="step_failed", whose="user", message=f"It ended with 2. {SCRIPT}", evidence=["no rule", SCRIPT]
    )
    harbour.finish(claimed, Finish(state="failed", last_line=0, problem=problem))
    return Build.objects.get(id=build.id)


def test_a_failed_build_says_first_which_step_and_shows_its_last_lines(harbour: Harbour) -> None:
    html = get(harbour.cast.client("viewer"), reverse("build", args=[failed(harbour).id]))
    assert (
        html.index('It failed in <code title="RUN make it">RUN make it</code>')
        < html.index("no rule")
        < html.index('id="steps"')
    )
    assert 'data-step-line="7"' in html and "cached" in html
    assert SCRIPT not in html and html.count("&lt;script&gt;alert(1)") >= 3


def before_dialogs(html: str) -> str:
    """What stands on the page itself: a dialog has a first button of its own."""
    return html.partition("<dialog")[0]


@pytest.mark.parametrize("who", ROLES)
def test_who_may_is_led_to_the_definition_that_is_at_fault(harbour: Harbour, who: str) -> None:
    build = failed(harbour)
    html = before_dialogs(get(harbour.cast.client(who), reverse("build", args=[build.id])))
    link = f'<a class="btn btn-sm btn-primary" href="{reverse("image_edit", args=[harbour.image.id])}">'
    assert (link in html) == (who != "viewer")
    assert html.count("btn-primary") == (who != "viewer")


def test_what_is_the_hosts_fault_is_built_again(harbour: Harbour) -> None:
    build = failed(harbour)
    Build.objects.filter(id=build.id).update(problem={**(build.problem or {}), "whose": "host", "code": "disk_full"})
    html = before_dialogs(get(harbour.cast.client("developer"), reverse("build", args=[build.id])))
    assert '<button class="btn btn-sm btn-primary" type="submit">' in html and html.count("btn-primary") == 1
    Build.objects.filter(id=build.id).update(
        problem={**(build.problem or {}), "whose": "host", "code": "base_unreachable"}
    )
    html = before_dialogs(get(harbour.cast.client("developer"), reverse("build", args=[build.id])))
    assert '<a class="btn btn-sm btn-primary"' in html and html.count("btn-primary") == 1


@pytest.mark.parametrize("who", ROLES)
def test_a_build_is_cancelled_while_it_goes_and_built_again_when_it_ended(harbour: Harbour, who: str) -> None:
    client = harbour.cast.client(who)
    waiting = request_build(actor=harbour.cast.actor("developer"), image=harbour.image)
    cancel, retry = reverse("build_cancel", args=[waiting.id]), reverse("build_retry", args=[waiting.id])
    html = get(client, reverse("build", args=[waiting.id]))
    assert (cancel in html) == (who != "viewer") and retry not in html
    if who == "viewer":
        return
    assert [post(client, cancel) for _ in range(2)] == [302, 302]
    html = get(client, reverse("build", args=[waiting.id]))
    assert cancel not in html and retry in html
    answer = client.post(retry)
    assert answer["Location"] == reverse("build", args=[Build.objects.get(number=2).id])


def test_a_succeeded_build_shows_what_it_made_of_what(harbour: Harbour) -> None:
    build = harbour.built()
    html = get(harbour.cast.client("viewer"), reverse("build", args=[build.id]))
    assert build.digest in html and "RUN true" in html and "3.8 MB" in html
    assert "FROM slipway/busybox:1" in html


def test_a_log_is_a_file_of_plain_text_whatever_stands_in_it(harbour: Harbour) -> None:
    build = harbour.built()
    answer = harbour.cast.client("viewer").get(reverse("log_text", args=[build.log_id]))
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="build-{build.log_id}.txt"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and "no-store" in answer.headers["Cache-Control"]
