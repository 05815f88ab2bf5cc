"""The host's calls to the control plane, one method each. One call is one try: who calls decides on another."""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx
import msgspec

from runtime.contract import CONTRACT_VERSION, wire
from runtime.contract.enrollment import WRONG_TIME
from runtime.contract.names import HEADER_JOB_TOKEN
from runtime.contract.reports import Claim, Finish, HeartbeatAnswer, Lines, LinesAnswer, Progress, encode
from runtime.redaction import Secret
from runtime.worker.identity import Identity
from runtime.worker.passport import Passport

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 15.0
HEARTBEAT_SECONDS = 4.0
BLOB_SECONDS = 60.0
MAX_CONNECTIONS = 64
MAX_DETAIL = 300
CHUNK = 256 * 1024  # of a blob
USER_AGENT = f"slipway-worker/{CONTRACT_VERSION} python/{platform.python_version()}"

Answer = TypeVar("Answer")


class Unreachable(Exception):
    """No answer, or one that says: not now. Trying again may help; what was asked for may have happened."""


class Refused(Exception):
    """The control plane said no. Trying the same again does not help."""

    def __init__(self, *, status: int, detail: str, code: str = "") -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.code = code


class LinesMissing(Exception):
    """To a finish: the control plane holds the log up to `last` only."""

    def __init__(self, last: int) -> None:
        super().__init__(f"lines after {last} are missing")
        self.last = last


class _ProblemDocument(msgspec.Struct):
    """The part of a refusal's body that matters here."""

    code: str = ""
    detail: str = ""
    last: int | None = None


class ControlPlane:
    """Safe to use from several threads. The credential is in no message and no error."""

    def __init__(self, *, url: str, credential: Secret, identity: Identity | None = None) -> None:
        self._passport = Passport(url=url, credential=credential, identity=identity)
        self._client = httpx.Client(
            base_url=url,
            headers={**self._passport.headers(), "Content-Type": "application/json", "User-Agent": USER_AGENT},
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS),
        )

    def claim(self, job: str) -> Claim | None:
        """The order of a job, ours from now on; None when there is nothing to claim now."""
        try:
            response = self._prove(wire.CLAIMS_PATH, wire.ClaimRequest(job=job))
        except Refused as refused:
            if refused.code != WRONG_TIME:
                raise
            self._passport.look_at_clock()
            response = self._prove(wire.CLAIMS_PATH, wire.ClaimRequest(job=job))
        return None if response.status_code == 204 else _read(response, wire.claim_decoder)

    def close(self) -> None:
        self._client.close()

    def heartbeat(self, job: str, token: Secret, beat: wire.Heartbeat) -> HeartbeatAnswer:
        response = self._post(wire.job_path(job, "heartbeat"), beat, token=token, seconds=HEARTBEAT_SECONDS)
        return _read(response, wire.heartbeat_answer_decoder)

    def progress(self, job: str, token: Secret, progress: Progress) -> None:
        self._post(wire.job_path(job, "progress"), progress, token=token)

    def lines(self, job: str, token: Secret, lines: Lines) -> LinesAnswer:
        response = self._post(wire.job_path(job, "lines"), lines, token=token)
        return _read(response, wire.lines_answer_decoder)

    def piece(self, job: str, token: Secret, offset: int, piece: bytes) -> int:
        """Sends one piece of an attempt's bytes; how many are held now."""
        headers = {HEADER_JOB_TOKEN: token.reveal(), "Content-Type": "application/octet-stream"}
        path = wire.piece_path(job, offset)
        response = self._call("PUT", path, content=piece, headers=headers, seconds=BLOB_SECONDS)
        return _read(response, wire.piece_answer_decoder).held

    def finish(self, job: str, token: Secret, finish: Finish) -> None:
        """Raises LinesMissing, besides what every call raises."""
        self._post(wire.job_path(job, "finish"), finish, token=token)

    @contextmanager
    def blob(self, job: str, token: Secret, digest: str, *, start: int) -> Iterator[Iterator[bytes]]:
        """The bytes from `start` on, as they come. Raises Unreachable also in the middle of them."""
        path = wire.blob_path(job, digest)
        headers = {HEADER_JOB_TOKEN: token.reveal(), "Range": f"bytes={start}-", "Accept-Encoding": "identity"}
        try:
            with self._client.stream("GET", path, headers=headers) as response:
                if response.status_code != 206:
                    response.read()
                    raise _refusal(path, response)
                yield response.iter_raw(CHUNK)
        except httpx.TransportError as error:
            raise Unreachable(f"{path}: {type(error).__name__}") from error

    def _prove(self, path: str, message: msgspec.Struct) -> httpx.Response:
        """A call at a door that asks for the key."""
        content = encode(message)
        headers = self._passport.proof(door=path, body=content)
        return self._call("POST", path, content=content, headers=headers, seconds=ANSWER_SECONDS)

    def _post(
        self, path: str, message: msgspec.Struct, *, token: Secret | None = None, seconds: float = ANSWER_SECONDS
    ) -> httpx.Response:
        headers = {HEADER_JOB_TOKEN: token.reveal()} if token else {}
        return self._call("POST", path, content=encode(message), headers=headers, seconds=seconds)

    def _call(
        self, method: str, path: str, *, content: bytes, headers: dict[str, str], seconds: float
    ) -> httpx.Response:
        timeout = httpx.Timeout(seconds, connect=CONNECT_SECONDS)
        try:
            response = self._client.request(method, path, content=content, headers=headers, timeout=timeout)
        except httpx.TransportError as error:
            raise Unreachable(f"{path}: {type(error).__name__}") from error
        if not response.is_success:
            raise _refusal(path, response)
        return response


def _read(response: httpx.Response, decoder: msgspec.json.Decoder[Answer]) -> Answer:
    try:
        return decoder.decode(response.content)
    except msgspec.DecodeError as error:
        raise Refused(status=response.status_code, detail=f"an answer that is not understood: {error}") from error


def _refusal(path: str, response: httpx.Response) -> Exception:
    if response.status_code >= 500 or response.status_code in (408, 425, 429):
        return Unreachable(f"{path}: {response.status_code}")
    try:
        problem = msgspec.json.decode(response.content, type=_ProblemDocument)
    except msgspec.DecodeError:
        problem = _ProblemDocument()
    if response.status_code == 409 and problem.last is not None:
        return LinesMissing(problem.last)
    detail = f"{path}: {problem.code} {problem.detail}"[:MAX_DETAIL].strip()
    return Refused(status=response.status_code, detail=detail, code=problem.code)
