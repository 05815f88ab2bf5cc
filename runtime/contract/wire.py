"""Where the two planes meet: the paths a host calls on the control plane, and the decoders of what they exchange.

All calls carry `Authorization: Bearer slh_…` (the host's credential) and `Slipway-Contract: 1`; calls about a job also
carry `Slipway-Job-Token`.

| call                              | body       | answer            | refusals |
|---|---|---|---|
| POST /ingest/claims/              | ClaimRequest | Claim           | 204 nothing to claim, 401, 404, 426 contract |
| POST /ingest/jobs/{id}/heartbeat/ | Heartbeat  | HeartbeatAnswer   | 401, 409 not yours any more (stop at once) |
| POST /ingest/jobs/{id}/progress/  | Progress   | 204               | 401, 409, 413 |
| POST /ingest/jobs/{id}/lines/     | Lines      | LinesAnswer       | 401, 409, 413 |
| POST /ingest/jobs/{id}/finish/    | Finish     | 204               | 401, 409 (`MissingLines`: lines are missing) |
| GET /ingest/jobs/{id}/blobs/{digest}/ | (Range: bytes=N-) | the bytes | 401, 404 not in its order, 409 |
| PUT /ingest/jobs/{id}/pieces/{offset}/ | bytes | PieceAnswer   | 401, 409, 413 |
| WebSocket /ingest/link/           | Up / Down  |                   | 403 in the handshake |
"""

import msgspec

from runtime.contract.message import Strict
from runtime.contract.reports import Claim, Finish, HeartbeatAnswer, Lines, LinesAnswer, Progress

CLAIMS_PATH = "/ingest/claims/"
LINK_PATH = "/ingest/link/"
PIECE_BYTES = 2 * 1024 * 1024  # of what an export sends, at most


class ClaimRequest(Strict, frozen=True, kw_only=True):
    """Which job the doorbell named."""

    job: str


class Heartbeat(Strict, frozen=True, kw_only=True):
    """I am still at it. The host's clock is for showing skew, nothing is decided by it."""

    clock_ns: int


class PieceAnswer(Strict, frozen=True, kw_only=True):
    """So many bytes of what this attempt sends are held. A piece that is sent again is taken once."""

    held: int


class MissingLines(Strict, frozen=True, kw_only=True):
    """409 to a `Finish`: the control plane holds lines up to `last` only."""

    code: str
    last: int


def job_path(job: str, call: str) -> str:
    """`call` is heartbeat, progress, lines or finish."""
    return f"/ingest/jobs/{job}/{call}/"


def blob_path(job: str, digest: str) -> str:
    """Bytes that the job's order names. They never change, so what broke off goes on where it was."""
    return f"/ingest/jobs/{job}/blobs/{digest}/"


def piece_path(job: str, offset: int) -> str:
    """Where the piece that begins at `offset` of an attempt's bytes goes."""
    return f"/ingest/jobs/{job}/pieces/{offset}/"


claim_request_decoder = msgspec.json.Decoder(ClaimRequest)
claim_decoder = msgspec.json.Decoder(Claim)
heartbeat_decoder = msgspec.json.Decoder(Heartbeat)
heartbeat_answer_decoder = msgspec.json.Decoder(HeartbeatAnswer)
progress_decoder = msgspec.json.Decoder(Progress)
lines_decoder = msgspec.json.Decoder(Lines)
lines_answer_decoder = msgspec.json.Decoder(LinesAnswer)
piece_answer_decoder = msgspec.json.Decoder(PieceAnswer)
finish_decoder = msgspec.json.Decoder(Finish)
missing_lines_decoder = msgspec.json.Decoder(MissingLines)
