"""A host that has a key: what its credential opens without it, and with it."""

import hashlib
import tarfile
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import msgspec
import pytest
from channels.testing import WebsocketCommunicator
from django.test import Client
from django.utils.timezone import now

from runtime.contract import names, wire
from runtime.contract.enrollment import HEADER_PROOF, PARCEL_PATH
from runtime.worker.identity import Identity, new_identity
from tests.ingest.conftest import Harbour
from webapp.hosts.models import Host, SpentProof
from webapp.hosts.parcel import parcel
from webapp.hosts.services import forget_proofs
from webapp.ingest.link import LinkConsumer

pytestmark = [pytest.mark.thorough, pytest.mark.django_db, pytest.mark.urls("tests.ingest.urls")]

Forged = Callable[[Identity, str, bytes], str]


@pytest.fixture
def identity(harbour: Harbour) -> Identity:
    """The cast's host has this key."""
    identity = new_identity()
    Host.objects.filter(id=harbour.cast.host.id).update(public_key=identity.public)
    return identity


def request(harbour: Harbour) -> bytes:
    return msgspec.json.encode(wire.ClaimRequest(job=harbour.job.id))


def claim(harbour: Harbour, proof: str) -> tuple[int, str]:
    answer = harbour.host.post(wire.CLAIMS_PATH, request(harbour), **{HEADER_PROOF: proof})
    return answer.status_code, answer.json().get("code", "") if answer.content else ""


def test_a_claim_signed_with_the_key_is_taken(harbour: Harbour, identity: Identity) -> None:
    proof = identity.prove(host_id=harbour.cast.host.id, door=wire.CLAIMS_PATH, body=request(harbour))
    assert claim(harbour, proof)[0] == 200 and harbour.state() == "claimed"


def late(identity: Identity, host_id: str, body: bytes) -> str:
    identity.offset = -61.0
    return identity.prove(host_id=host_id, door=wire.CLAIMS_PATH, body=body)


FORGED: list[tuple[str, Forged]] = [
    ("host.proof_missing", lambda identity, host, body: ""),
    ("host.proof_missing", lambda identity, host, body: "1.2.3"),
    ("host.proof_wrong", lambda _, host, body: new_identity().prove(host_id=host, door=wire.CLAIMS_PATH, body=body)),
    ("host.proof_wrong", lambda identity, host, body: identity.prove(host_id=host, door=wire.LINK_PATH, body=body)),
    ("host.proof_wrong", lambda identity, host, body: identity.prove(host_id=host, door=wire.CLAIMS_PATH, body=b"{}")),
    ("host.proof_wrong", lambda identity, host, body: identity.prove(host_id="x", door=wire.CLAIMS_PATH, body=body)),
    ("host.proof_time", late),
]


@pytest.mark.parametrize(("code", "forge"), FORGED)
def test_the_credential_alone_claims_nothing(harbour: Harbour, identity: Identity, code: str, forge: Forged) -> None:
    proof = forge(identity, harbour.cast.host.id, request(harbour))
    assert claim(harbour, proof) == (401, code)
    assert harbour.state() == "queued"


def test_a_proof_is_good_once(harbour: Harbour, identity: Identity) -> None:
    proof = identity.prove(host_id=harbour.cast.host.id, door=wire.CLAIMS_PATH, body=request(harbour))
    assert claim(harbour, proof)[0] == 200
    assert claim(harbour, proof) == (401, "host.proof_spent")


def test_proofs_are_forgotten_when_their_time_is_over(harbour: Harbour, identity: Identity) -> None:
    for _ in range(2):
        claim(harbour, identity.prove(host_id=harbour.cast.host.id, door=wire.CLAIMS_PATH, body=request(harbour)))
    assert forget_proofs(now=now()) == 0
    assert forget_proofs(now=now() + timedelta(seconds=200)) == 2 and not SpentProof.objects.exists()


@pytest.mark.django_db(transaction=True)
async def test_the_link_opens_to_the_key_alone(harbour: Harbour, identity: Identity) -> None:
    host_id = harbour.cast.host.id

    async def opens(proof: str) -> bool:
        headers = {
            "Authorization": f"Bearer {harbour.host.credential}",
            names.HEADER_CONTRACT: "1",
            **({HEADER_PROOF: proof} if proof else {}),
        }
        sent = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        socket = WebsocketCommunicator(LinkConsumer.as_asgi(), wire.LINK_PATH, headers=sent)
        opened, _ = await socket.connect(timeout=5)
        await socket.disconnect()
        return opened

    proof = identity.prove(host_id=host_id, door=wire.LINK_PATH)
    assert not await opens("") and not await opens(identity.prove(host_id=host_id, door=wire.CLAIMS_PATH))
    assert await opens(proof)
    assert not await opens(proof), "a recorded handshake opens nothing"


def test_the_workers_code_is_given_to_everybody_and_is_what_its_digest_says() -> None:
    answer = Client().get(PARCEL_PATH)
    assert answer.status_code == 200 and hashlib.sha256(answer.content).hexdigest() == parcel().digest
    with tarfile.open(fileobj=BytesIO(answer.content)) as archive:
        found = archive.getnames()
    assert {"slipway-worker/bin/worker", "slipway-worker/runtime/worker/enroll.py"} <= set(found)
    assert not [name for name in found if "webapp" in name or "__pycache__" in name]
    assert len(answer.content) < 2_000_000
