"""Pulling an image: pinned by its digest, kept under the build's name alone, refused in words that say whose it is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from runtime.contract.orders import Login, PullImage, Push
from runtime.contract.packages import unpack
from runtime.contract.reports import ImageResult
from runtime.engine.errors import EngineUnavailable, NotFound
from runtime.engine.fake import FakeEngine
from runtime.engine.fake_calls import Trouble
from runtime.engine.fake_registry import FakeRegistry
from runtime.procedures.ports import Cancelled, ProcedureError
from runtime.procedures.pull_image import pull_image
from runtime.redaction import Secret
from tests.engine.registry import PASSWORD, USER
from tests.procedures.rig import Told

TAG = "slipway/shop/web:7-00000007"
HOST = "127.0.0.1:5000"
NAME = f"{HOST}/team/app"
LOGIN = Login(registry=HOST, username=USER, secret="registry")
OTHER = "sha256:" + "0" * 64


@dataclass
class Quay:
    """A host that pulls from one registry, which holds NAME:1."""

    engine: FakeEngine = field(default_factory=FakeEngine)
    told: Told = field(default_factory=Told)
    registry: FakeRegistry = field(default_factory=FakeRegistry)
    digest: str = ""

    def __post_init__(self) -> None:
        self.engine.registries[HOST] = self.registry
        self.digest = self.publish("1", of="app")

    def publish(self, tag: str, *, of: str) -> str:
        """The tag names the image `of` from now on; its digest. Nothing of it stays on the host."""
        login, self.registry.login = self.registry.login, None
        self.engine.add_image(tag=f"{of}:here")
        self.engine.tag(f"{of}:here", f"{NAME}:{tag}")
        *_, pushed = self.engine.push(f"{NAME}:{tag}", credential=None, cancelled=lambda: False, timeout=1.0)
        for image in self.engine.list_images(labels={}):
            for name in (*image.tags, *image.digests):
                if name.startswith((NAME, of)):
                    self.engine.untag(name)
        self.registry.login = login
        return str(getattr(pushed, "digest", ""))

    def order(self, reference: str = f"{NAME}:1", **changes: Any) -> PullImage:
        order = PullImage(
            build="01build0000000000000000007", number=7, tag=TAG, reference=reference, private=("127.0.0.1",)
        )
        return msgspec.structs.replace(order, **changes)

    def pull(self, order: PullImage, **secrets: str) -> ImageResult:
        known = {name: Secret(value) for name, value in secrets.items()}
        return pull_image(order, engine=self.engine, reporter=self.told, secrets=known)

    def refused(self, order: PullImage, **secrets: str) -> str:
        with pytest.raises(ProcedureError) as caught:
            self.pull(order, **secrets)
        assert not self.told.ended("running")
        assert TAG not in self.names()
        return caught.value.problem.code

    def names(self) -> list[str]:
        """Every name by which the host holds an image."""
        return [name for image in self.engine.list_images(labels={}) for name in (*image.tags, *image.digests)]


@pytest.fixture
def quay() -> Quay:
    return Quay()


def test_a_tag_is_pinned_by_the_digest_that_it_names_now(quay: Quay) -> None:
    quay.engine.inside["/var/lib/dpkg/status"] = b"Package: crane\nStatus: install ok installed\nVersion: 1\n"
    result = quay.pull(quay.order())
    assert result.digest == quay.digest and unpack(result.packages) == [("crane", "1")]
    assert result.image_id == quay.engine.image(TAG).image_id
    assert (result.size, len(result.layers), result.commit) == (1, 1, None)
    assert quay.told.phases == ["building"]
    assert quay.told.ended("succeeded") == [f"Pull {NAME}:1"]
    assert f"{NAME}:1 is {quay.digest}" in quay.told.texts()


def test_a_tag_that_moved_is_found_where_it_is_now(quay: Quay) -> None:
    first = quay.pull(quay.order())
    digest = quay.publish("1", of="newer")
    second = quay.pull(quay.order(tag="slipway/shop/web:8-00000008"))
    assert second.digest == digest != first.digest
    assert quay.engine.image(TAG).image_id == first.image_id


def test_it_is_pulled_by_its_digest(quay: Quay) -> None:
    quay.publish("1", of="newer")
    assert quay.pull(quay.order(f"{NAME}@{quay.digest}")).digest == quay.digest


def test_it_is_kept_under_the_builds_name_alone(quay: Quay) -> None:
    quay.pull(quay.order())
    quay.pull(quay.order(f"{NAME}@{quay.digest}"))
    assert quay.names() == [TAG]


def test_a_name_that_was_here_before_stays(quay: Quay) -> None:
    list(quay.engine.pull(f"{NAME}:1", credential=None, cancelled=lambda: False, timeout=1.0))
    quay.pull(quay.order())
    assert sorted(quay.names()) == [f"{NAME}:1", f"{NAME}@{quay.digest}", TAG]


def test_tag_and_digest_that_belong_together_are_pulled(quay: Quay) -> None:
    assert quay.pull(quay.order(f"{NAME}:1@{quay.digest}")).digest == quay.digest


def test_a_tag_that_names_another_digest_is_refused_and_nothing_stays(quay: Quay) -> None:
    assert quay.refused(quay.order(f"{NAME}:1@{OTHER}")) == "digest_mismatch"
    assert quay.names() == []


def test_a_private_image_is_pulled_with_the_password(quay: Quay) -> None:
    quay.registry.login = (USER, PASSWORD)
    result = quay.pull(quay.order(login=LOGIN), registry=PASSWORD)
    assert result.digest == quay.digest


def test_a_wrong_password_is_refused_and_never_told(quay: Quay) -> None:
    quay.registry.login = (USER, PASSWORD)
    wrong = "not the password"
    assert quay.refused(quay.order(login=LOGIN), registry=wrong) == "registry_refused"
    assert quay.refused(quay.order()) == "registry_refused"
    assert wrong not in "".join(quay.told.texts())


def test_an_order_without_its_password_says_what_to_do(quay: Quay) -> None:
    assert quay.refused(quay.order(login=LOGIN)) == "registry_login_missing"


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        (f"{NAME}:none", "not_in_registry"),
        (f"{NAME}@{OTHER}", "not_in_registry"),
        ("127.0.0.1:5001/team/app:1", "registry_unreachable"),
        ("UPPER/case", "bad_reference"),
    ],
)
def test_what_cannot_be_pulled_says_why(quay: Quay, reference: str, code: str) -> None:
    assert quay.refused(quay.order(reference)) == code


@pytest.mark.parametrize("private", [(), ("10.0.0.0/8",), ("localhost",)])
def test_a_registry_at_a_private_address_is_not_asked_unless_allowed(quay: Quay, private: tuple[str, ...]) -> None:
    assert quay.refused(quay.order(private=private)) == "registry_private"
    assert [verb for verb, _ in quay.engine.calls].count("pull") == 0


@pytest.mark.parametrize("private", [("127.0.0.1",), ("127.0.0.0/8",)])
def test_a_private_registry_is_asked_where_its_address_or_network_is_allowed(
    quay: Quay, private: tuple[str, ...]
) -> None:
    assert quay.pull(quay.order(private=private)).digest == quay.digest


def test_a_name_that_leads_to_a_private_address_is_refused(quay: Quay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", _leads_to("93.184.215.14", "10.0.0.7"))
    quay.engine.registries["registry.example.org"] = quay.registry
    order = quay.order("registry.example.org/team/app:1", private=())
    assert quay.refused(order) == "registry_private"
    monkeypatch.setattr("socket.getaddrinfo", _leads_to("93.184.215.14"))
    assert quay.pull(order).digest == quay.digest


def test_cancelled_during_the_pull_nothing_is_kept(quay: Quay) -> None:
    quay.registry.silent = True
    quay.told.stop_at_step = "Pull"
    with pytest.raises(Cancelled):
        quay.pull(quay.order())
    assert quay.told.ended("cancelled") == [f"Pull {NAME}:1"]
    assert quay.names() == []


def test_a_registry_that_never_answers_is_given_up(quay: Quay) -> None:
    quay.registry.silent = True
    assert quay.refused(quay.order(timeout=0)) == "timeout"


def test_an_attempt_that_was_lost_is_done_again(quay: Quay) -> None:
    quay.engine.trouble.append(Trouble(call="tag", error=EngineUnavailable("gone"), after=True))
    with pytest.raises(ProcedureError):
        quay.pull(quay.order())
    assert quay.pull(quay.order()).digest == quay.digest
    assert quay.names() == [TAG]
    with pytest.raises(NotFound):
        quay.engine.image(f"{NAME}:1")


def _leads_to(*addresses: str) -> Callable[..., Iterator[Any]]:
    def found(*_: object, **__: object) -> Iterator[Any]:
        return iter([(2, 1, 6, "", (address, 443)) for address in addresses])

    return found


def test_it_is_pushed_further_and_keeps_the_digest_under_which_it_was_found(quay: Quay) -> None:
    ours = FakeRegistry()
    quay.engine.registries["ours.example.org"] = ours
    push = Push(push="p", repository="ours.example.org/shop/app", tags=("{number}",), primary=True)
    result = quay.pull(quay.order(push=(push,)))
    assert (result.digest, [one.tags for one in result.pushed]) == (quay.digest, [("7",)])
    assert "shop/app:7" in ours.names
    assert quay.told.phases == ["building", "pushing"]
