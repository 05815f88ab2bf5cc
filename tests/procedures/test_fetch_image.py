"""A host that does not hold what it shall run fetches it by digest, and makes sure that it is the one."""

import msgspec
import pytest

from runtime.contract.orders import ConvergeService, Login, PullFrom
from runtime.engine.errors import Conflict, EngineUnavailable
from runtime.engine.fake import FakeEngine
from runtime.engine.fake_calls import Trouble
from runtime.engine.fake_registry import FakeRegistry
from runtime.engine.values import Pushed, RegistryLogin
from runtime.procedures.ports import Cancelled, ProcedureError
from runtime.redaction import Secret
from tests.procedures.rig import Harbour, order

CANARY = "canary-51aa-pw"
NAME = "slipway/shop/web:7-00000007"
LOGIN = Login(registry="r.example.org", username="robot", secret="registry/1")


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry(login=("robot", CANARY))


def pushed(registry: FakeRegistry, tag: str = "app:1") -> tuple[str, str]:
    """An image that another host built and pushed: its ID, and its reference by digest."""
    builder = FakeEngine()
    builder.registries = {"r.example.org": registry}
    image = builder.add_image(tag=tag).image_id
    name = "r.example.org/shop/web:7"
    builder.tag(image, name)
    login = RegistryLogin(username="robot", password=Secret(CANARY))
    *_, sent = builder.push(name, credential=login, cancelled=lambda: False, timeout=5.0)
    assert isinstance(sent, Pushed)
    return image, f"r.example.org/shop/web@{sent.digest}"


def harbour_with(registry: FakeRegistry) -> Harbour:
    harbour = Harbour()
    harbour.engine.registries = {"r.example.org": registry}
    return harbour


def fetching(image: str, *references: str) -> ConvergeService:
    pull = tuple(PullFrom(reference=reference, login=LOGIN) for reference in references)
    return msgspec.structs.replace(order(image), pull=pull, name=NAME)


def test_what_is_not_here_is_pulled_by_digest_and_runs(registry: FakeRegistry) -> None:
    image, reference = pushed(registry)
    harbour = harbour_with(registry)
    harbour.converge(fetching(image, reference), **{"registry/1": CANARY})
    assert harbour.running() == ["r1"] and harbour.here()[0].image_id == image
    assert "Pull the image from r.example.org" in harbour.told.ended("succeeded")
    (held,) = harbour.engine.list_images(labels={})
    assert (held.tags, held.digests) == ((NAME,), ()), "of the registry's names it keeps none"


def test_what_is_here_is_not_pulled(registry: FakeRegistry) -> None:
    image, reference = pushed(registry)
    harbour = harbour_with(registry)
    assert harbour.image() == image
    harbour.converge(fetching(image, reference), **{"registry/1": CANARY})
    assert harbour.verbs("pull") == []


def test_what_comes_must_be_the_image_that_was_asked_for(registry: FakeRegistry) -> None:
    _, reference = pushed(registry, tag="other:1")
    wanted, _ = pushed(FakeRegistry(login=("robot", CANARY)))
    harbour = harbour_with(registry)
    with pytest.raises(ProcedureError) as caught:
        harbour.converge(fetching(wanted, reference), **{"registry/1": CANARY})
    assert caught.value.problem.code == "image_differs" and harbour.here() == []
    assert harbour.engine.list_images(labels={}) == [], "nothing of it is kept"


def test_a_wrong_password_is_the_users_fault_and_stands_nowhere(registry: FakeRegistry) -> None:
    image, reference = pushed(registry)
    harbour = harbour_with(registry)
    with pytest.raises(ProcedureError) as caught:
        harbour.converge(fetching(image, reference), **{"registry/1": "wrong-canary-8"})
    problem = caught.value.problem
    assert (problem.code, problem.whose) == ("registry_refused", "user") and "password" in problem.advice
    assert "wrong-canary" not in repr((harbour.told, problem, harbour.engine.calls))


def test_the_next_registry_is_tried_when_one_does_not_answer(registry: FakeRegistry) -> None:
    image, reference = pushed(registry)
    harbour = harbour_with(registry)
    harbour.converge(
        fetching(image, f"away.example.org/x@{reference.partition('@')[2]}", reference), **{"registry/1": CANARY}
    )
    assert harbour.running() == ["r1"]
    assert any("was not fetched" in text for text in harbour.told.texts())


def test_without_a_registry_it_is_said_that_the_image_is_missing(registry: FakeRegistry) -> None:
    image, _ = pushed(registry)
    with pytest.raises(ProcedureError) as caught:
        Harbour().converge(order(image))
    assert caught.value.problem.code == "image_missing" and "push" in caught.value.problem.advice


def test_a_pull_is_cancelled_and_nothing_was_touched(registry: FakeRegistry) -> None:
    image, reference = pushed(registry)
    harbour = harbour_with(registry)
    harbour.told.stop_at_step = "Pull the image"
    with pytest.raises(Cancelled):
        harbour.converge(fetching(image, reference), **{"registry/1": CANARY})
    assert harbour.here() == [] and harbour.told.ended("cancelled")


def test_an_engine_that_breaks_off_is_not_asked_about_another_registry(registry: FakeRegistry) -> None:
    image, reference = pushed(registry)
    harbour = harbour_with(registry)
    harbour.engine.trouble = [Trouble(call="pull", error=EngineUnavailable("gone"))]
    with pytest.raises(ProcedureError) as caught:
        harbour.converge(fetching(image, reference, reference), **{"registry/1": CANARY})
    assert caught.value.problem.code == "engine_unavailable" and harbour.verbs("pull") == ["pull"]


def test_a_name_that_a_container_uses_stays(registry: FakeRegistry) -> None:
    image, reference = pushed(registry)
    harbour = harbour_with(registry)
    harbour.engine.trouble = [Trouble(call="untag", error=Conflict("in use"))]
    harbour.converge(fetching(image, reference), **{"registry/1": CANARY})
    assert harbour.running() == ["r1"]
