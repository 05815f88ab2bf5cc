"""Slipway's own registry, by the distribution's program and a real engine: a host gets in for its job, no further."""

import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from django.conf import settings
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from launch.places import ROOT
from launch.registry import REGISTRY
from runtime.contract.names import BASE_IMAGE
from runtime.contract.orders import BuildImage
from runtime.contract.reports import Finish, ImageResult
from runtime.contract.source import InlineSource
from runtime.engine.docker import DockerEngine
from runtime.engine.errors import EngineError, NotFound, RegistryRefused
from runtime.engine.values import Pulled, RegistryLogin
from runtime.procedures.build_image import build_image
from runtime.redaction import Secret
from tests.deployments.rig import Harbour, harbour
from tests.engine.dockerd import engine_address, free_port
from tests.procedures.rig import INSTANCE, Told
from tests.redis_rig import redis_server, redis_url
from tests.waiting import until
from webapp.images.models import Build
from webapp.images.services import request_build
from webapp.ingest import revealing
from webapp.problems import Refusal
from webapp.registries import client, services
from webapp.registries.own import passwords, place, setup

__all__ = ["harbour", "redis_server", "redis_url"]

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]


@dataclass
class Port:
    """The harbour with a registry of its own that runs, and an engine."""

    harbour: Harbour
    engine: DockerEngine
    workdir: Path
    names: list[str]

    def build(self) -> tuple[Build, ImageResult, str]:
        """A build carried out on the real engine as its host is told; its password is good until it ends."""
        build = request_build(actor=self.harbour.cast.actor("developer"), image=self.harbour.image)
        job = self.harbour.claim(build.job)
        secrets = revealing.secrets_for(job)
        order = msgspec.convert(job.order, type=BuildImage)
        order = msgspec.structs.replace(order, tag=f"slipway-test/{uuid.uuid4().hex[:12]}:1")
        self.names.append(order.tag)
        source = InlineSource(dockerfile=f"FROM {BASE_IMAGE}\nRUN echo {build.id} > /name\n")
        result = build_image(
            msgspec.structs.replace(order, source=source),
            engine=self.engine,
            reporter=Told(),
            secrets={name: Secret(value) for name, value in secrets.items()},
            workdir=self.workdir,
            instance=INSTANCE,
        )
        return build, result, passwords.password_of(job)

    def pull(self, reference: str, password: str) -> str:
        login = RegistryLogin(username="slipway", password=Secret(password))
        *_, last = self.engine.pull(reference, credential=login, cancelled=lambda: False, timeout=30.0)
        assert isinstance(last, Pulled)
        self.names.append(reference)
        return last.image.image_id


@contextmanager
def kept(harbour: Harbour, settings: Settings, url: str, folder: Path) -> Iterator[Port]:
    """Slipway's own registry as `bin/up` keeps it, for as long as the block."""
    settings.SLIPWAY_HOME, settings.PUBLIC_URL = folder, url
    settings.OWN_REGISTRY = f"127.0.0.1:{free_port()}"
    config = setup.write_all()
    command = [sys.executable, "-m", "launch.keep_registry", REGISTRY, str(config)]
    with (folder / "log").open("wb") as log, engine_address() as address:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        engine = DockerEngine(address=address)
        made = Port(harbour, engine, folder / "work", [])
        made.workdir.mkdir()
        try:
            row = place.row_for(harbour.cast.team)
            assert row is not None
            until(lambda: process.poll() is not None or answers(lambda: services.place_of(row)))
            assert process.poll() is None, (folder / "log").read_text()[-2000:]
            yield made
        finally:
            for name in made.names:
                engine.untag(name)
            engine.close()
            process.terminate()
            process.wait(20)


@pytest.fixture
def port(harbour: Harbour, settings: Settings, live_server: LiveServer, tmp_path: Path) -> Iterator[Port]:
    with kept(harbour, settings, live_server.url, tmp_path) as made:
        yield made


def answers(place_of: Callable[[], Any]) -> bool:
    try:
        client.check(place_of())
    except Refusal:
        return False
    return True


def test_a_host_pushes_its_build_and_another_fetches_it_by_digest(port: Port) -> None:
    build, result, password = port.build()
    cast, row = port.harbour.cast, place.row_for(port.harbour.cast.team)
    assert row is not None and result.digest is not None
    assert [one.problem for one in result.pushed] == [None]
    repository = place.repository_of(cast.project, "front")
    operator = cast.actor("operator")
    assert services.list_repositories(actor=operator, registry=row) == [repository]
    (tag,) = services.list_tags(actor=operator, registry=row, repository=repository)
    assert (tag.name, tag.digest) == (str(build.number), result.digest)
    port.engine.untag(port.names.pop())
    with pytest.raises(NotFound):
        port.engine.image(result.image_id)
    assert port.pull(f"{row.address}/{repository}@{result.digest}", password) == result.image_id


def test_another_place_is_refused_and_after_its_end_everything_is(port: Port) -> None:
    build, result, password = port.build()
    row = place.row_for(port.harbour.cast.team)
    assert row is not None
    other = f"{row.address}/{place.repository_of(port.harbour.cast.project, 'other')}:1"
    port.engine.tag(result.image_id, other)
    port.names.append(other)
    login = RegistryLogin(username="slipway", password=Secret(password))
    with pytest.raises(RegistryRefused):
        list(port.engine.push(other, credential=login, cancelled=lambda: False, timeout=30.0))
    job = type(build.job).objects.select_related("host", "project", "log").get(id=build.job_id)
    port.harbour.finish(job, Finish(state="succeeded", last_line=0, result=result))
    push = Build.objects.get(id=build.id).pushes.get()
    assert push.state == "succeeded" and push.digest == result.digest
    with pytest.raises(EngineError) as refused:
        port.pull(push.reference, password)
    assert refused.value.whose == "user" and password not in refused.value.message


def test_slipway_alone_erases_and_by_exact_digest(port: Port) -> None:
    _, first, _ = port.build()
    _, second, password = port.build()
    row = place.row_for(port.harbour.cast.team)
    assert row is not None and first.digest and second.digest
    repository, operator = place.repository_of(port.harbour.cast.project, "front"), port.harbour.cast.actor("operator")
    manifest = f"{row.url}/v2/{repository}/manifests/{first.digest}"
    for scope in ("delete", "pull,push,delete"):
        asked = httpx.get(
            f"{settings.PUBLIC_URL}/registry/token/",
            params={"scope": f"repository:{repository}:{scope}"},
            auth=("slipway", password),
        )
        proof = {"Authorization": f"Bearer {asked.json()['token']}"}
        assert httpx.delete(manifest, headers=proof).status_code == 401
    assert client.erase(services.place_of(row), repository, first.digest)
    assert not client.erase(services.place_of(row), repository, first.digest)
    left = services.list_tags(actor=operator, registry=row, repository=repository)
    assert [tag.digest for tag in left] == [second.digest]


def settings_url(port: Port) -> str:
    return str(settings.PUBLIC_URL)


def test_nobody_without_a_password_reads(port: Port) -> None:
    _, result, _ = port.build()
    row = place.row_for(port.harbour.cast.team)
    assert row is not None
    repository = place.repository_of(port.harbour.cast.project, "front")
    with pytest.raises(EngineError) as refused:
        list(
            port.engine.pull(
                f"{row.address}/{repository}@{result.digest}", credential=None, cancelled=lambda: False, timeout=30.0
            )
        )
    assert refused.value.whose == "user"
    said = json.loads(setup.write_all().read_text())
    assert said["storage"]["delete"] == {"enabled": True}
