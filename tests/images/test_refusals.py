"""What a definition may not hold, whichever way it comes in: nothing of it is kept."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from pytest_django.fixtures import Settings

from tests.cast import Cast
from tests.deployments.rig import SOURCE
from tests.images.given import GIT, an_image
from webapp.images.models import Build, Image
from webapp.images.services import change_image, define_image, request_build
from webapp.images.sources.git import is_reachable
from webapp.images.sources.inline import MAX_FILES
from webapp.images.validation import clean_definition
from webapp.problems import Invalid

pytestmark = pytest.mark.thorough

URLS = [
    "ext::sh -c touch% /tmp/x", "file:///etc", "-oProxyCommand=x", "ssh://-oX@h.example/x", "git://h.example/x",
    "http://h.example/x", "http://169.254.169.254/", "https://169.254.169.254/x", "https://user:pass@h.example/x",
    "https://user@h.example/x", "https://h.example/x?a=b", "https://h.example/x#a", "https://h.example/x y",
    "https://h.example/\nx", "https://h.exa\tmple/x",
    "https://h.example/x\n", "https://h.example/$(id)", "https://h.example/a/../b", "https://h.example/", "https:///x",
    "https://localhost/x", "https://a.local/x", "https://db.internal/x", "https://intranet/x", "https://127.0.0.1/x",
    "https://10.1.2.3/x", "https://0x7f.1/x", "https://2130706433/x", "https://0177.0.0.1/x", "https://[::1]/x",
    "https://[::ffff:169.254.169.254]/x", "https://[64:ff9b::a9fe:a9fe]/x", "https://[fd00::1]/x", "https://[::1/x",
    "https://h.example:99999/x", "https://h.example:0/x", "https://h_x.example/x", "HTTPS://h.example/x", "x" * 501,
    "https://h.example/\x00", "", None, 7,
]  # fmt: skip
REFS = [
    "--upload-pack=touch /tmp/x", "-c core.sshCommand=x", "main;curl x|sh", "@{-1}", "refs/../x", "a\nb", "a\x00",
    "a..b", "a//b", "/a", "a/", ".a", "a/.b", "a.lock", "a b", "a~1", "a^", "a:b", "x" * 201, 7,
]  # fmt: skip
PATHS = [
    "../../etc/passwd",
    "/etc/x",
    "a/../b",
    "./a",
    "a//b",
    "a/",
    "a\\b",
    "C:x",
    "a\nb",
    "a\u202eb",
    " a",
    ".git/x",
    7,
]
ARGS: list[Any] = [
    {"LD_PRELOAD": "x"}, {"PATH": "/tmp"}, {"path": "/tmp"}, {"DOCKER_HOST": "x"}, {"A=B": "x"}, {"": "x"},
    {"A\n": "x"},
    {"A B": "x"}, {"9A": "x"}, {"A": "x" * 40_000}, {"A": "\x00"}, {"A": 1}, {"BUILDKIT_SYNTAX": "evil/frontend"},
    {"buildkit_x": "1"}, {"DB_PASSWORD": "x"}, {"npm_token": "x"}, {"AWS_SECRET_ACCESS_KEY": "x"}, {"API_KEY": "x"},
    {f"A{number}": "" for number in range(201)}, ["A"], "A=B",
]  # fmt: skip
DOCKERFILES = [
    "", "RUN true", "# syntax=evil/frontend\nFROM a", "#SYNTAX = evil\nFROM a", '{"syntax": "evil"}',
    "\ufeff# syntax=x\nFROM a",
    "FROM a\nRUN --security=insecure true", "FROM a\nRUN --network=host true",
    "FROM a\nrun \\\n --network=host true",
    "FROM a\nONBUILD RUN --network=host true", "FROM a\nRUN --mount=type=cache,id=theirs,target=/x true",
    'FROM a\nRUN --net"work"=host true', "FROM a\nRUN --device=all true", "FROM a\x00", "#" * 262_145, 7,
]  # fmt: skip
FILES: list[Any] = [
    {"../x": ""}, {"/etc/x": ""}, {"a/../../x": ""}, {"": ""}, {"Dockerfile": ""}, {"a": "", "a/b": ""}, {"a": 1},
    {"big": "x" * 524_289}, {f"f{number}": "x" * 500_000 for number in range(5)}, ["a"],
    {f"f{number}": "" for number in range(MAX_FILES + 1)},
]  # fmt: skip
ODD: list[tuple[Any, Any]] = [
    (None, {}), ("x", {}), ({}, {}), ({"kind": "archive"}, {}), ({"kind": "zip"}, {}), ({**SOURCE, "context": "/"}, {}),
    ({**GIT, "submodules": "yes"}, {}), ({**GIT, "credential": "no name"}, {}), (SOURCE, {"privileged": True}),
    (SOURCE, {"network": "host"}), (SOURCE, {"cache_from": ["x"]}), (SOURCE, {"secrets": ["x"]}),
    (SOURCE, {"target": "-x"}),
    (SOURCE, {"target": "a b"}), (SOURCE, {"timeout": 0}), (SOURCE, {"timeout": 10**6}), (SOURCE, {"timeout": True}),
    (SOURCE, {"no_cache": "yes"}), (SOURCE, {"dockerfile": "x"}), ({**GIT, "dockerfile": "a"}, {"dockerfile": "b"}),
    (GIT, {"dockerfile": "../x"}), (SOURCE, []),
]  # fmt: skip
CASES: list[tuple[Any, Any, str]] = [
    *(({**GIT, "url": url}, {}, "source.url") for url in URLS),
    *(({**GIT, "ref": ref}, {}, "source.ref") for ref in REFS),
    *(({**GIT, "dockerfile": path}, {}, "source.dockerfile") for path in PATHS),
    *(({**GIT, "directory": path}, {}, "source.directory") for path in PATHS),
    *((SOURCE, {"args": args}, "build.args") for args in ARGS),
    *(({"kind": "dockerfile", "dockerfile": text}, {}, "source.dockerfile") for text in DOCKERFILES),
    *(({**SOURCE, "files": files}, {}, "source.files") for files in FILES),
    *((source, build, "") for source, build in ODD),
]


@pytest.mark.parametrize(("source", "build", "field"), CASES, ids=lambda given: ascii(given)[:50])
def test_it_is_refused_at_its_field(source: Any, build: Any, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean_definition(source=source, build=build)
    assert all(name.startswith(field) for name in refused.value.errors), refused.value.errors
    assert all(text and name.isprintable() for name, texts in refused.value.errors.items() for text in texts)


WAYS: dict[str, Callable[[Cast, Image], object]] = {
    "define": lambda cast, image: define_image(
        actor=cast.actor("developer"), project=cast.project, slug="evil", source={**GIT, "url": "ext::sh"}
    ),
    "change": lambda cast, image: change_image(
        actor=cast.actor("developer"), image=image, source={**GIT, "url": "ext::sh"}
    ),
    "ref": lambda cast, image: request_build(actor=cast.actor("developer"), image=image, ref="--upload-pack=x"),
    "args": lambda cast, image: request_build(actor=cast.actor("developer"), image=image, args={"LD_PRELOAD": "x"}),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_way_in_leads_round_the_checks(cast: Cast, way: str) -> None:
    image = an_image(cast, source=GIT)
    with pytest.raises(Invalid):
        WAYS[way](cast, image)
    image.refresh_from_db()
    assert image.source["url"] == GIT["url"] and Image.objects.count() == 1 and not Build.objects.exists()


def test_neither_the_api_nor_the_page_leads_round_them(cast: Cast) -> None:
    body = {"project": cast.project.id, "slug": "evil", "source": {**GIT, "ref": "--upload-pack=x"}}
    answer = cast.bearer("developer").post("/api/v1/images/", body, content_type="application/json")
    assert answer.status_code == 400 and list(answer.json()["errors"]) == ["source.ref"]
    fields = {"slug": "evil", "kind": "git", "url": "file:///etc"}
    sent = cast.client("developer").post(reverse("image_new", args=[cast.project.id]), fields)
    assert sent.status_code == 400 and "https:// or ssh:// only" in sent.content.decode()
    assert not Image.objects.exists()


def test_what_is_common_is_not_refused() -> None:
    for url in ("https://github.com/a/b.git", "https://git.example.org:8443/~me/x", "https://93.184.216.34/x"):
        for ref in (None, "", "main", "feature/x_1", "v1.2.3", "0" * 40):
            source = {**GIT, "url": url, "ref": ref, "directory": "a/b", "dockerfile": "build/Dockerfile.prod"}
            clean = clean_definition(source=source, build={"args": {"VERSION": "1; rm -rf /", "KEYBOARD": ""}})
            assert clean.source["ref"] == (ref or None)


def test_a_private_host_is_reached_when_an_administrator_allows_it(settings: Settings) -> None:
    assert not is_reachable("git.corp") and not is_reachable("10.0.0.5")
    settings.GIT_PRIVATE_HOSTS = frozenset({"git.corp", "10.0.0.5"})
    assert is_reachable("GIT.corp") and is_reachable("10.0.0.5") and not is_reachable("10.0.0.6")
