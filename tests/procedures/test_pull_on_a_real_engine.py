"""Pulling images on a real Docker Engine, from a registry that asks for a password."""

import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runtime.contract.orders import Login, PullImage
from runtime.contract.reports import ImageResult
from runtime.engine.base import CANCEL_WITHIN
from runtime.engine.docker import DockerEngine
from runtime.engine.errors import NotFound
from runtime.engine.values import Pushed
from runtime.procedures.ports import Cancelled, ProcedureError
from runtime.procedures.pull_image import pull_image
from runtime.redaction import Secret
from tests.engine.bench import BASE, base_image
from tests.engine.dockerd import engine_address
from tests.engine.registry import PASSWORD, USER, Registry, real_registry
from tests.procedures.rig import Told

pytestmark = pytest.mark.engine


@dataclass
class Wharf:
    """A real engine, a real registry, and one image that only the registry holds."""

    engine: DockerEngine
    registry: Registry
    repository: str
    digest: str
    tag: str
    told: Told

    def pull(self, ending: str = ":1", *, password: str = PASSWORD, at: str = "") -> ImageResult:
        order = PullImage(
            build="01build0000000000000000007",
            number=7,
            tag=self.tag,
            reference=f"{at or self.registry.address}/{self.repository}{ending}",
            login=Login(registry=self.registry.address, username=USER, secret="registry") if password else None,
            private=("127.0.0.0/8",),
            timeout=60,
        )
        secrets = {"registry": Secret(password)} if password else {}
        return pull_image(order, engine=self.engine, reporter=self.told, secrets=secrets)

    def refused(self, ending: str = ":1", *, password: str = PASSWORD) -> str:
        with pytest.raises(ProcedureError) as caught:
            self.pull(ending, password=password)
        assert not self.told.ended("running") and not self.is_held(self.tag)
        assert not password or password not in "".join([*self.told.texts(), str(caught.value)])
        return caught.value.problem.code

    def is_held(self, name: str) -> bool:
        try:
            self.engine.image(name)
        except NotFound:
            return False
        return True


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with real_registry(tmp_path_factory.mktemp("registry")) as found:
        yield found


@pytest.fixture
def wharf(registry: Registry, tmp_path: Path) -> Iterator[Wharf]:
    unique = uuid.uuid4().hex[:8]
    repository, tag = f"team/{unique}", f"slipway-test/{unique}:7"
    with engine_address() as address:
        engine = DockerEngine(address=address)
        base_image(engine, tmp_path)
        name = f"{registry.address}/{repository}:1"
        engine.tag(BASE, name)
        *_, pushed = engine.push(name, credential=registry.login, cancelled=lambda: False, timeout=60.0)
        assert isinstance(pushed, Pushed)
        engine.untag(name)
        yield Wharf(engine, registry, repository, pushed.digest, tag, Told())
        engine.untag(tag)
        engine.close()


def test_a_private_image_is_pulled_by_tag_and_by_digest_and_kept_under_the_builds_name(wharf: Wharf) -> None:
    by_tag = wharf.pull()
    assert by_tag.digest == wharf.digest
    assert by_tag.image_id == wharf.engine.image(BASE).image_id == wharf.engine.image(wharf.tag).image_id
    assert by_tag.layers and by_tag.size > 0
    name = f"{wharf.registry.address}/{wharf.repository}"
    by_digest = wharf.pull(f"@{wharf.digest}")
    assert (by_digest.digest, by_digest.image_id) == (wharf.digest, by_tag.image_id)
    assert wharf.pull(f":1@{wharf.digest}").digest == wharf.digest
    assert not wharf.is_held(f"{name}:1") and not wharf.is_held(f"{name}@{wharf.digest}")


def test_a_tag_with_another_digest_is_refused(wharf: Wharf) -> None:
    assert wharf.refused(f":1@sha256:{'0' * 64}") == "digest_mismatch"


def test_what_the_registry_does_not_have_says_so(wharf: Wharf) -> None:
    assert wharf.refused(":none") == "not_in_registry"
    assert wharf.refused(f"@sha256:{'0' * 64}") == "not_in_registry"


def test_without_the_right_password_nothing_is_pulled(wharf: Wharf) -> None:
    assert wharf.refused(password="not the password") == "registry_refused"
    assert wharf.refused(password="") == "registry_refused"


def test_a_pull_that_hangs_is_cancelled_at_once(wharf: Wharf) -> None:
    threading.Timer(0.5, wharf.told.__setattr__, ("stopping", True)).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        wharf.pull(at=wharf.registry.silent)
    assert time.monotonic() - began < 0.5 + CANCEL_WITHIN
    assert not wharf.is_held(wharf.tag)
