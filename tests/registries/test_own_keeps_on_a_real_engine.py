"""Slipway's own registry over time: what was erased is collected while nobody uses it; and it speaks TLS."""

import datetime
import ipaddress
import time
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils.timezone import now
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from runtime.contract.reports import Finish, ImageResult
from runtime.engine.errors import EngineError
from tests.deployments.rig import Harbour, harbour
from tests.redis_rig import redis_server, redis_url
from tests.registries.test_own_on_a_real_engine import Port, answers, kept, port
from tests.waiting import until
from webapp.images.leaving import leave, leaving
from webapp.images.models import Build, Push
from webapp.registries import services
from webapp.registries.models import Erasure, Registry
from webapp.registries.own import collecting, place
from webapp.registries.own.tokens import folder
from webapp.retention import rounds

__all__ = ["harbour", "port", "redis_server", "redis_url"]

pytestmark = [pytest.mark.engine, pytest.mark.django_db(transaction=True)]


def ended(port: Port, build: Build, result: ImageResult) -> Push:
    """The build as the control plane knows it when its host has said so."""
    job = type(build.job).objects.select_related("host", "project", "log").get(id=build.job_id)
    port.harbour.finish(job, Finish(state="succeeded", last_line=0, result=result))
    return Build.objects.get(id=build.id).pushes.get()


def row(port: Port) -> Registry:
    found = place.row_for(port.harbour.cast.team)
    assert found is not None
    return found


def collected() -> bool:
    """The control loop's part, turn by turn, in a moment without jobs."""
    return collecting.run(now=now()) == 1


def test_what_was_erased_is_collected_and_the_rest_is_fetched_as_before(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = port.build()
    ended(port, *gone[:2])
    leave(leaving(port.harbour.image, gone=[gone[0].id]), now=now())
    assert rounds.erase(now=now()) == 1 and Erasure.objects.get().state == "erased"
    stays = port.build()
    before = sum(path.stat().st_size for path in (folder() / "data").rglob("*") if path.is_file())
    monkeypatch.setattr(collecting, "SETTLE_SECONDS", 0.0)
    assert not collected() and collecting.holds_back(stays[0].job_id)
    time.sleep(1.1)
    assert not collected() and not (folder() / collecting.GO).exists()  # a job that uses it is under way
    push = ended(port, *stays[:2])
    until(collected, seconds=30.0)
    after = sum(path.stat().st_size for path in (folder() / "data").rglob("*") if path.is_file())
    assert after < before and not collecting.holds_back(stays[0].job_id)
    until(lambda: answers(lambda: services.place_of(row(port))))
    operator, repository = port.harbour.cast.actor("operator"), push.repository.partition("/")[2]
    (tag,) = services.list_tags(actor=operator, registry=row(port), repository=repository)
    assert (tag.name, tag.digest) == (stays[1].pushed[0].tags[0], push.digest)
    port.engine.untag(port.names.pop())
    again, result, fresh = port.build()
    assert port.pull(push.reference, fresh) == stays[1].image_id
    with pytest.raises(EngineError):
        port.pull(f"{push.repository}@{gone[1].digest}", fresh)
    assert result.pushed[0].problem is None and again


def certificate(folder: Path) -> tuple[Path, Path]:
    """Of 127.0.0.1, signed by itself; and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    shown, kept_close = folder / "registry.pem", folder / "registry.key"
    shown.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    kept_close.write_bytes(key.private_bytes(*form))
    return shown, kept_close


def test_with_a_certificate_it_speaks_tls_alone_and_is_trusted_by_it(
    harbour: Harbour,
    settings: Settings,
    live_server: LiveServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown, key = certificate(tmp_path)
    settings.OWN_REGISTRY_CERTIFICATE, settings.OWN_REGISTRY_KEY = str(shown), str(key)
    monkeypatch.setenv("SSL_CERT_FILE", str(shown))
    with kept(harbour, settings, live_server.url, tmp_path) as port:
        assert row(port).url == f"https://{place.address()}" and not row(port).plain
        build, result, password = port.build()
        assert [one.problem for one in result.pushed] == [None]
        repository = place.repository_of(harbour.cast.project, "front")
        (tag,) = services.list_tags(actor=harbour.cast.actor("operator"), registry=row(port), repository=repository)
        assert tag.digest == result.digest
        assert port.pull(f"{place.address()}/{repository}@{result.digest}", password) == result.image_id
        assert httpx.get(f"http://{place.address()}/v2/").status_code == 400  # it is no HTTP server
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nobody.pem"))
        assert not answers(lambda: services.place_of(row(port))) and build
