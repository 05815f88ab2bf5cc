"""A certificate is kept when it is one, with the key that is its own; nobody reads the key back."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.urls import reverse

from tests.cast import Cast
from tests.certificates.given import Brought, a_certificate, made
from webapp.audit.models import Entry
from webapp.certificates import services
from webapp.certificates.models import Certificate
from webapp.environments import vault
from webapp.problems import Conflicting, Forbidden, Invalid

GOOD = made("shop.example.com", "*.shop.example.com", above=True)


def bring(cast: Cast, given: Brought, name: str = "shop") -> Certificate:
    return services.bring_certificate(
        actor=cast.actor("operator"),
        project=cast.project,
        name=name,
        chain=given.chain,
        key=given.key,
        now=datetime.now(UTC),
    )


def wrong(cast: Cast, given: Brought) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as refused:
        bring(cast, given)
    assert not Certificate.objects.exists()
    return dict(refused.value.errors)


def test_what_is_public_of_it_is_known_and_the_rest_sealed(cast: Cast) -> None:
    certificate = bring(cast, GOOD)
    assert certificate.hosts == ["shop.example.com", "*.shop.example.com"]
    assert (certificate.issuer, certificate.state_at(datetime.now(UTC))) == ("CN=An authority", "good")
    assert b"PRIVATE" not in bytes(certificate.bundle)
    bundle = vault.reveal({"c": certificate.id})["c"]
    assert bundle.count("BEGIN CERTIFICATE") == 2 and GOOD.key in bundle
    assert vault.rotate() == 1
    assert vault.reveal({"c": certificate.id})["c"] == bundle
    entry = Entry.objects.get(action="certificate.brought")
    assert entry.after is not None and entry.after["hosts"] == certificate.hosts


def test_one_of_its_name_is_replaced_and_goes_to_hosts_anew(cast: Cast) -> None:
    first = bring(cast, GOOD)
    Certificate.objects.update(delivered_at=datetime.now(UTC))
    second = bring(cast, made("other.example.com"))
    assert second.id == first.id and Certificate.objects.get().hosts == ["other.example.com"]
    assert Certificate.objects.get().delivered_at is None


@pytest.mark.parametrize(
    ("given", "at", "words"),
    [
        (Brought(GOOD.chain, made("a.example").key), "key", "not the one of the first"),
        (Brought("no certificate", GOOD.key), "chain", "as PEM"),
        (Brought(GOOD.chain, "no key"), "key", "as PEM"),
        (Brought(GOOD.chain + GOOD.key, GOOD.key), "chain", "a key in it"),
        (Brought(made("a.example").chain + GOOD.chain, GOOD.key), "chain", "did not issue number 1"),
        (made("a.example", ends=timedelta(hours=-1)), "chain", "ended on"),
        (made(), "chain", "names no host"),
        (Brought("", GOOD.key), "chain", ""),
        (Brought(GOOD.chain, ""), "key", ""),
        (Brought("x" * 70_000, GOOD.key), "chain", ""),
    ],
)
def test_what_is_wrong_is_said_where_it_is(cast: Cast, given: Brought, at: str, words: str) -> None:
    errors = wrong(cast, given)
    assert at in errors and words in " ".join(errors[at])


def test_a_key_with_a_password_or_too_short_is_refused(cast: Cast) -> None:
    key = load_pem_private_key(GOOD.key.encode(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")).decode()
    assert "without" in wrong(cast, Brought(GOOD.chain, locked))["key"][0]
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  (that it is refused is what is tried)
    text = short.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert "2048" in wrong(cast, Brought(GOOD.chain, text))["key"][0]


def test_a_project_has_an_end_of_certificates(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MAX_CERTIFICATES", 1)
    bring(cast, GOOD)
    with pytest.raises(Conflicting, match="at most 1"):
        bring(cast, GOOD, "other")
    bring(cast, GOOD)


def test_a_developer_brings_none_and_a_stranger_sees_none(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        a_certificate(cast, who="developer")
    a_certificate(cast)
    assert list(Certificate.objects.visible_to(cast.actor("stranger"))) == []


def test_it_says_when_it_ends_soon(cast: Cast) -> None:
    certificate = a_certificate(cast, ends=timedelta(days=10))
    moment = datetime.now(UTC)
    assert certificate.state_at(moment) == "soon"
    assert certificate.state_at(moment + timedelta(days=11)) == "expired"
    assert certificate.state_at(moment - timedelta(days=2)) == "early"


@pytest.mark.thorough
def test_the_key_is_in_no_answer_page_or_trail(cast: Cast) -> None:
    list_ = f"/api/v1/projects/{cast.project.id}/certificates/"
    body = {"name": "shop", "chain": GOOD.chain, "key": GOOD.key}
    client = cast.bearer("operator")
    answer = client.post(list_, body, content_type="application/json")
    assert answer.status_code == 201, answer.content
    page = reverse("certificates", args=[cast.project.id])
    retyped = cast.client("operator").post(page, {**body, "name": "Not A Name"})
    assert retyped.status_code == 400
    said = [answer.content, client.get(list_).content, cast.client("operator").get(page).content, retyped.content]
    said += [json.dumps(list(Entry.objects.values()), default=str).encode()]
    secret = GOOD.key.splitlines()[1]
    for text in said:
        assert secret not in text.decode() and "BEGIN PRIVATE" not in text.decode()
    assert b"shop.example.com" in said[2]
