"""How a machine becomes a host, and how the host shows afterwards that it is that machine.

The machine makes an Ed25519 key pair, whose private part never leaves it, and sends the public part with a one-time
code. From then on two doors open only to the credential together with the key: the claim of a job, which hands out
secrets and the attempt's token, and the link. What they give out is bound to the attempt or to the connection. What is
signed is said here in bytes; who signs and who checks is not the contract's.

| call                            | body          | answer   | refusals |
|---|---|---|---|
| POST /ingest/enrollments/       | EnrollRequest | Enrolled | 400, 404 no such code, 410 spent or too old, 426, 429 |
| GET /ingest/worker.tar.gz       |               | the worker's own code, the same bytes until it changes | |
"""

import re
from base64 import b64decode, b64encode
from binascii import Error
from dataclasses import dataclass

import msgspec

from runtime.contract.message import Strict

ENROLLMENTS_PATH = "/ingest/enrollments/"
PARCEL_PATH = "/ingest/worker.tar.gz"
HEADER_PROOF = "Slipway-Proof"

KEY_BYTES = 32
SIGNATURE_BYTES = 64
PROOF_SECONDS = 60  # so far the time in a proof may be from the control plane's clock
WRONG_TIME = "host.proof_time"  # the code of the refusal after which a host looks at the control plane's clock

_PROOF = re.compile(r"([0-9]{1,15})\.([A-Za-z0-9_-]{16,40})\.([A-Za-z0-9+/=]{88})")


class EnrollRequest(Strict, frozen=True, kw_only=True):
    """The code, the public key (raw, base64), and the code signed with the private one."""

    contract: int
    code: str
    key: str
    signature: str


class Enrolled(Strict, frozen=True, kw_only=True):
    """What the host is from now on. `own_doorbell` False: `broker` is the address that every host has."""

    host: str
    credential: str
    broker: str
    own_doorbell: bool = True


@dataclass(frozen=True, slots=True)
class Proof:
    """What a host puts into HEADER_PROOF. `time` is in UNIX milliseconds, `nonce` is used once."""

    time: int
    nonce: str
    signature: bytes

    def header(self) -> str:
        """As it is sent."""
        return f"{self.time}.{self.nonce}.{b64encode(self.signature).decode()}"


def read_proof(header: str) -> Proof | None:
    """What `Proof.header` gave; None for anything else."""
    match = _PROOF.fullmatch(header)
    signature = read_bytes(match[3], length=SIGNATURE_BYTES) if match else None
    return Proof(int(match[1]), match[2], signature) if match and signature is not None else None


def read_bytes(text: str, *, length: int) -> bytes | None:
    """So many bytes from base64; None for anything else."""
    try:
        found = b64decode(text, validate=True)
    except (Error, ValueError):
        return None
    return found if len(found) == length else None


def enrollment_words(*, code: str) -> bytes:
    """What the signature of an `EnrollRequest` is of."""
    return f"slipway enrollment 1\n{code}".encode()


def proof_words(*, host_id: str, door: str, time: int, nonce: str, body_sha256: str) -> bytes:
    """What a proof's signature is of. `door` is the contract's path; the body's hash is hex; the link has none."""
    return f"slipway proof 1\n{host_id}\n{door}\n{time}\n{nonce}\n{body_sha256}".encode()


enroll_request_decoder = msgspec.json.Decoder(EnrollRequest)
enrolled_decoder = msgspec.json.Decoder(Enrolled)
