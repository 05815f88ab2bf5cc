"""A host shows that it holds its key: once for each passing of a door."""

import hashlib
from datetime import UTC, datetime, timedelta

from django.db import IntegrityError, transaction

from runtime.contract.enrollment import PROOF_SECONDS, WRONG_TIME, Proof, proof_words, read_proof
from webapp.hosts.models import Host, SpentProof
from webapp.hosts.services.enrolling import is_signed
from webapp.problems import Refusal
from webapp.sealing import digest

FORGET_PER_PASS = 10_000


class Unproven(Refusal):
    """401: the credential is right, and the one who shows it does not hold the host's key."""

    status = 401
    title = "Unauthorized"


def require_proof(*, host: Host, header: str, door: str, body: bytes, now: datetime) -> None:
    """Raise `Unproven` unless the host has no key, or this proof of it is for this door and body, of now, and new."""
    if not host.public_key:
        return
    proof = read_proof(header)
    if proof is None:
        raise Unproven(code="host.proof_missing", detail="This host has a key of its own: its calls here are signed.")
    words = proof_words(
        host_id=host.id, door=door, time=proof.time, nonce=proof.nonce, body_sha256=hashlib.sha256(body).hexdigest()
    )
    if not is_signed(key=host.public_key, signature=proof.signature, words=words):
        raise Unproven(code="host.proof_wrong", detail="This was not signed with the key of this host.")
    if abs(proof.time - now.timestamp() * 1000) > PROOF_SECONDS * 1000:
        raise Unproven(code=WRONG_TIME, detail="The host's clock is wrong. Sign by the control plane's time.")
    if not _spend(host, proof):
        raise Unproven(code="host.proof_spent", detail="This proof was used before.")


def forget_proofs(*, now: datetime) -> int:
    """Let go of proofs whose time is over; how many there were."""
    old = SpentProof.objects.filter(expires_at__lt=now).values_list("digest", flat=True)[:FORGET_PER_PASS]
    return SpentProof.objects.filter(digest__in=list(old)).delete()[0]


def _spend(host: Host, proof: Proof) -> bool:
    """True for the first who brings it, by the table's own key."""
    until = datetime.fromtimestamp(proof.time / 1000, UTC) + timedelta(seconds=2 * PROOF_SECONDS)
    try:
        with transaction.atomic():
            SpentProof.objects.create(digest=digest(f"{host.id} {proof.nonce}"), expires_at=until)
    except IntegrityError:
        return False
    return True
