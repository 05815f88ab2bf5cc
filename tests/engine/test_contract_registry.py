"""What every engine promises about registries: images come and go by tag and digest; refusals say whose they are."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from runtime.engine.base import CANCEL_WITHIN
from runtime.engine.docker_registry import registry_error
from runtime.engine.errors import (
    BadRequest,
    DiskFull,
    EngineError,
    NotFound,
    NotInRegistry,
    RegistryLimited,
    RegistryRefused,
    RegistryUnreachable,
    WorkCancelled,
    WorkTimeout,
)
from runtime.engine.fake import FakeEngine
from runtime.engine.values import Image, Pulled, Pushed, RegistryLogin, TransferLine
from tests.engine.bench import Bench, image_of
from tests.engine.registry import Registry, real_registry, registries_in_memory


def never() -> bool:
    return False


@dataclass
class Trade:
    """An engine with an image of its own, and the registry it trades with."""

    bench: Bench
    registry: Registry
    image: str

    def name(self, tag: str = "1", *, at: str = "") -> str:
        return f"{at or self.registry.address}/team/{self.bench.instance}:{tag}"

    def push(self, name: str, *, login: RegistryLogin | None = None, timeout: float = 60.0) -> tuple[str, list[str]]:
        *lines, last = self.bench.engine.push(
            name, credential=login or self.registry.login, cancelled=never, timeout=timeout
        )
        assert isinstance(last, Pushed)
        return last.digest, [line.text for line in lines if isinstance(line, TransferLine)]

    def pull(self, name: str, *, login: RegistryLogin | None = None, timeout: float = 60.0) -> Image:
        *_, last = self.bench.engine.pull(
            name, credential=login or self.registry.login, cancelled=never, timeout=timeout
        )
        assert isinstance(last, Pulled)
        return last.image

    def forget(self) -> None:
        for image in self.bench.engine.list_images(labels={"slipway.instance": self.bench.instance}):
            for name in (*image.tags, *image.digests):
                self.bench.engine.untag(name)


@pytest.fixture(scope="session")
def loopback_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with real_registry(tmp_path_factory.mktemp("registry")) as registry:
        yield registry


@pytest.fixture
def trade(bench: Bench, request: pytest.FixtureRequest) -> Iterator[Trade]:
    if isinstance(bench.engine, FakeEngine):
        registry, bench.engine.registries = registries_in_memory()
    else:
        registry = request.getfixturevalue("loopback_registry")
    image_id = image_of(bench.build(bench.request(f"RUN echo {bench.instance}")))
    made = Trade(bench, registry, image_id)
    bench.engine.tag(image_id, made.name())
    yield made
    made.forget()


def test_what_is_pushed_is_pulled_by_tag_and_is_the_same_image(trade: Trade) -> None:
    digest, lines = trade.push(trade.name())
    assert digest.startswith("sha256:") and lines
    trade.forget()
    with pytest.raises(NotFound):
        trade.bench.engine.image(trade.image)
    image = trade.pull(trade.name())
    assert (image.image_id, image.tags) == (trade.image, (trade.name(),))


def test_what_is_pushed_is_pulled_by_digest_and_gets_no_tag(trade: Trade) -> None:
    digest, _ = trade.push(trade.name())
    trade.forget()
    name = f"{trade.name().rpartition(':')[0]}@{digest}"
    image = trade.pull(name)
    assert (image.image_id, image.tags) == (trade.image, ())
    (listed,) = trade.bench.engine.list_images(labels={"slipway.instance": trade.bench.instance})
    assert listed.digests == (name,)
    trade.bench.engine.untag(name)
    with pytest.raises(NotFound):
        trade.bench.engine.image(trade.image)


def test_pushed_again_it_has_the_digest_it_had(trade: Trade) -> None:
    assert trade.push(trade.name())[0] == trade.push(trade.name())[0]


def test_a_wrong_password_is_the_users_fault(trade: Trade) -> None:
    trade.push(trade.name())
    for act in (trade.push, trade.pull):
        with pytest.raises(RegistryRefused) as caught:
            act(trade.name(), login=trade.registry.wrong())
        assert caught.value.whose == "user" and "password" in caught.value.advice
        assert "something else" not in caught.value.message


def test_no_password_is_refused_as_a_wrong_one(trade: Trade) -> None:
    with pytest.raises(RegistryRefused):
        list(trade.bench.engine.pull(trade.name(), credential=None, cancelled=never, timeout=60.0))
    with pytest.raises(RegistryRefused):
        list(trade.bench.engine.push(trade.name(), credential=None, cancelled=never, timeout=60.0))


def test_what_the_registry_does_not_have_is_not_there(trade: Trade) -> None:
    trade.push(trade.name())
    repository = trade.name().rpartition(":")[0]
    for name in (f"{trade.registry.address}/team/nobody:1", f"{repository}:9", f"{repository}@sha256:{'0' * 64}"):
        with pytest.raises(NotInRegistry) as caught:
            trade.pull(name)
        assert caught.value.whose == "user" and not caught.value.retry_helps


def test_a_registry_that_is_away_is_not_the_users_fault(trade: Trade) -> None:
    name = trade.name(at=trade.registry.away)
    trade.bench.engine.tag(trade.image, name)
    for act in (trade.push, trade.pull):
        with pytest.raises(RegistryUnreachable) as caught:
            act(name)
        assert caught.value.whose == "host" and caught.value.retry_helps


def test_what_is_not_here_is_not_pushed(trade: Trade) -> None:
    with pytest.raises(NotFound):
        trade.push(trade.name("9"))


@pytest.mark.parametrize("name", ["x;y", "../x", "x" * 500, "Team/App:1", "registry.example.org/Upper"])
def test_what_is_no_name_reaches_no_registry(trade: Trade, name: str) -> None:
    with pytest.raises(BadRequest):
        trade.pull(name)
    with pytest.raises(BadRequest):
        trade.push(name)


@pytest.mark.thorough
def test_a_pull_and_a_push_end_when_asked(trade: Trade) -> None:
    name = trade.name(at=trade.registry.silent)
    trade.bench.engine.tag(trade.image, name)
    for transfer in (trade.bench.engine.pull, trade.bench.engine.push):
        since = time.monotonic()
        with pytest.raises(WorkCancelled):
            list(transfer(name, credential=None, cancelled=partial(_is_past, since + 0.3), timeout=60.0))
        assert time.monotonic() - since < 0.3 + CANCEL_WITHIN


@pytest.mark.thorough
def test_a_pull_and_a_push_end_at_their_deadline(trade: Trade) -> None:
    name = trade.name(at=trade.registry.silent)
    trade.bench.engine.tag(trade.image, name)
    for act in (trade.pull, trade.push):
        with pytest.raises(WorkTimeout) as caught:
            act(name, timeout=0.5)
        assert caught.value.retry_helps


def test_a_registry_that_gives_no_more_says_that_waiting_helps() -> None:
    engine = FakeEngine()
    registry, engine.registries = registries_in_memory()
    engine.registries[registry.address].limited = True
    with pytest.raises(RegistryLimited) as caught:
        list(engine.pull(f"{registry.address}/a:1", credential=registry.login, cancelled=never, timeout=1.0))
    assert caught.value.retry_helps


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("toomanyrequests: You have reached your pull rate limit.", RegistryLimited),
        ("pull access denied for a/b, repository does not exist or may require 'docker login': denied", NotInRegistry),
        ("manifest for a/b:9 not found: manifest unknown: manifest unknown", NotInRegistry),
        ('Get "https://r.org/v2/": dial tcp: lookup r.org: no such host', RegistryUnreachable),
        ('Get "https://r.org/v2/": net/http: TLS handshake timeout', RegistryUnreachable),
        ('Get "https://r.org/v2/": http: server gave HTTP response to HTTPS client', RegistryUnreachable),
        ('Get "https://r.org/v2/": x509: certificate signed by unknown authority', RegistryUnreachable),
        ('Get "https://r.org/v2/": EOF', RegistryUnreachable),
        ("received unexpected HTTP status: 503 Service Unavailable", RegistryUnreachable),
        ('Head "https://r.org/v2/a/manifests/1": unauthorized: HTTP Basic: Access denied', RegistryRefused),
        ("denied: requested access to the resource is denied", RegistryRefused),
        ("write /var/lib/docker/tmp/x: no space left on device", DiskFull),
        ("something that nobody foresaw", EngineError),
    ],
)
def test_what_registries_say_is_told_apart(said: str, kind: type[EngineError]) -> None:
    assert type(registry_error(said, reference="r.org/a")) is kind


def test_the_name_of_an_image_does_not_decide_what_went_wrong() -> None:
    said = "manifest for r.org/unauthorized/denied:1 not found: manifest unknown"
    assert isinstance(registry_error(said, reference="r.org/unauthorized/denied"), NotInRegistry)


def test_no_password_is_seen_in_a_login(tmp_path: Path) -> None:
    registry, _ = registries_in_memory()
    assert "let me in" not in repr(registry.login)


def _is_past(moment: float) -> bool:
    return time.monotonic() > moment
