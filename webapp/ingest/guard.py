"""The one place where the far side is checked, in this order: the host's credential, its job, the attempt's token, a
lawful state, a bounded size; only then is a word of it read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec
from django.http import HttpRequest
from django.utils.timezone import now

from runtime.contract import CONTRACT_VERSION, names, states, wire
from runtime.contract.enrollment import HEADER_PROOF
from runtime.contract.link import MAX_IMAGES_HELD, MAX_VOLUMES_HELD, DiskHeld, ImagesHeld, VolumesHeld
from runtime.contract.reports import MAX_BATCH_BYTES, MAX_BATCH_LINES, MAX_LINE_BYTES, Line, Lines, Progress
from webapp.hosts.models import Host
from webapp.hosts.services import find_host, require_proof
from webapp.ingest.refusals import Unknown, WrongContract
from webapp.jobs import services as jobs
from webapp.jobs.models import Job
from webapp.problems import Conflicting, Invalid, Missing, TooLarge

CLAIM_BYTES = 1024
HEARTBEAT_BYTES = 1024
PROGRESS_BYTES = 512 * 1024
FINISH_BYTES = 2 * 1024 * 1024
LINES_BYTES = 6 * MAX_BATCH_BYTES + 64 * MAX_BATCH_LINES  # JSON escapes a control character with six bytes
MARK_BYTES = 8  # a split line's mark comes on top
CREDENTIAL_LENGTH = 200
MAX_FACTS = 32
MAX_FACT_LENGTH = 1000
MAX_NUMBER = 2**53  # what JSON readers count exactly
MAX_NS = 2**63

Message = TypeVar("Message")


@dataclass(frozen=True)
class OfJob(Generic[Message]):
    """A message about a job from the host that holds it."""

    host: Host
    job: Job
    message: Message


def host_of(headers: Mapping[str, str]) -> Host:
    """The host that calls. Header names in lower case. Raises `Unknown`, `WrongContract`, `Invalid`."""
    scheme, _, credential = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not 0 < len(credential) <= CREDENTIAL_LENGTH:
        raise Unknown(code="host.credential_missing", detail="A host shows its credential: Authorization: Bearer slh_…")
    host = find_host(credential)
    if host is None:
        raise Unknown(code="host.credential_unknown", detail="This credential is unknown or was revoked.")
    if headers.get("cookie"):
        raise Invalid({}, code="host.cookie", detail="A host sends no cookie.")
    if headers.get(names.HEADER_CONTRACT.lower()) != str(CONTRACT_VERSION):
        raise WrongContract(
            code="contract.version",
            detail=f"This Slipway speaks contract {CONTRACT_VERSION}; the host does not. Update it.",
        )
    return host


def headers_of(request: HttpRequest) -> dict[str, str]:
    """The request's headers by name in lower case."""
    return {name.lower(): value for name, value in request.headers.items()}


def host_at_link(headers: Mapping[str, str]) -> Host:
    """The host that opens a link. Raises what `host_of` does, and `Refusal` when it does not show its key."""
    host = host_of(headers)
    proof = headers.get(HEADER_PROOF.lower(), "")
    require_proof(host=host, header=proof, door=wire.LINK_PATH, body=b"", now=now())
    return host


def message_of_host(
    request: HttpRequest, *, host: Host, door: str, limit: int, decoder: msgspec.json.Decoder[Message]
) -> Message:
    """The body of a call that is about no job yet, signed with the host's key."""
    body = _body(request, limit)
    require_proof(host=host, header=request.headers.get(HEADER_PROOF, ""), door=door, body=body, now=now())
    return _decode(body, decoder)


def message_of_nobody(request: HttpRequest, *, limit: int, decoder: msgspec.json.Decoder[Message]) -> Message:
    """The body of a call by somebody who is no host yet."""
    return _decode(_body(request, limit), decoder)


def message_of_job(
    request: HttpRequest,
    *,
    host: Host,
    job_id: str,
    limit: int,
    decoder: msgspec.json.Decoder[Message],
    ended: bool = False,
) -> OfJob[Message]:
    """The body of a call about a job. `ended`: the job may have ended by this very attempt (a repeated last word)."""
    job = job_of(request, host=host, job_id=job_id, ended=ended)
    return OfJob(host=host, job=job, message=_decode(_body(request, limit), decoder))


def job_of(request: HttpRequest, *, host: Host, job_id: str, ended: bool = False) -> Job:
    """The job of a call about one, which this host holds by this attempt."""
    if not names.ID.fullmatch(job_id):
        raise Missing(code="job.missing", detail="This host was given no such job.")
    job = jobs.open_job(host=host, job_id=job_id, token=request.headers.get(names.HEADER_JOB_TOKEN, ""))
    if not (ended and states.is_terminal(states.JOB, job.state)):
        jobs.require_live(job)
    return job


def bytes_of_job(request: HttpRequest, *, host: Host, job_id: str, limit: int) -> OfJob[bytes]:
    """The body of a call about a job that is bytes and no message."""
    return OfJob(host=host, job=_live_job(request, host, job_id), message=_body(request, limit))


def _live_job(request: HttpRequest, host: Host, job_id: str) -> Job:
    if not names.ID.fullmatch(job_id):
        raise Missing(code="job.missing", detail="This host was given no such job.")
    job = jobs.open_job(host=host, job_id=job_id, token=request.headers.get(names.HEADER_JOB_TOKEN, ""))
    jobs.require_live(job)
    return job


def check_lines(lines: Lines, *, log_id: str) -> None:
    """Raise unless the lines are of this log and within their bounds."""
    if lines.log != log_id:
        raise Conflicting(code="log.not_yours", detail="This job does not write to that log.")
    check_batch(first=lines.first, lines=lines.lines)


def check_batch(*, first: int, lines: Sequence[Line]) -> None:
    """Raise unless numbers, times, lengths and count are within their bounds."""
    if not 1 <= first < MAX_NUMBER:
        raise Invalid({"first": ["A line's number."]})
    if len(lines) > MAX_BATCH_LINES:
        raise TooLarge(code="lines.count", detail=f"At most {MAX_BATCH_LINES} lines at once.")
    sizes = [len(text.encode()) for _, _, text in lines]
    if max(sizes, default=0) > MAX_LINE_BYTES + MARK_BYTES or sum(sizes) > MAX_BATCH_BYTES + MAX_LINE_BYTES:
        raise TooLarge(
            code="lines.bytes", detail=f"A line has at most {MAX_LINE_BYTES} bytes, a batch {MAX_BATCH_BYTES}."
        )
    if not all(0 <= ns < MAX_NS for ns, _, _ in lines):
        raise Invalid({"lines": ["Times are UNIX nanoseconds."]})


def check_progress(progress: Progress) -> None:
    """Raise unless a progress report's facts are within their bounds."""
    lengths = [len(text) for pair in progress.facts.items() for text in pair]
    if len(progress.facts) > MAX_FACTS or max(lengths, default=0) > MAX_FACT_LENGTH:
        raise TooLarge(code="facts.bytes", detail=f"At most {MAX_FACTS} facts of {MAX_FACT_LENGTH} characters.")


def check_images(said: ImagesHeld) -> None:
    """Raise unless a list of images is within its bounds, and every name in it is one."""
    if len(said.images) > MAX_IMAGES_HELD:
        raise TooLarge(code="images.count", detail=f"At most {MAX_IMAGES_HELD} images in a list.")
    for image in said.images:
        if not names.DIGEST.fullmatch(image.image_id) or not (image.build == "" or names.ID.fullmatch(image.build)):
            raise Invalid({"images": ["An image is named by its ID, its build by the build's."]})
        _check_bytes(image.size)


def check_volumes(said: VolumesHeld) -> None:
    """Raise unless a list of volumes is within its bounds, and every name in it is one."""
    if len(said.volumes) > MAX_VOLUMES_HELD:
        raise TooLarge(code="volumes.count", detail=f"At most {MAX_VOLUMES_HELD} volumes in a list.")
    if not all(names.ID.fullmatch(held.volume) for held in said.volumes):
        raise Invalid({"volumes": ["A volume is named by its id."]})
    _check_bytes(*(held.size for held in said.volumes))


def check_disk(said: DiskHeld) -> None:
    """Raise unless the numbers of bytes are within their bounds."""
    _check_bytes(said.images, said.containers, said.volumes, said.build_cache)


def _check_bytes(*numbers: int) -> None:
    if not all(0 <= number < MAX_NUMBER for number in numbers):
        raise Invalid({"size": ["A number of bytes."]})


def _body(request: HttpRequest, limit: int) -> bytes:
    declared = request.headers.get("content-length", "")
    if not declared.isdecimal():
        raise TooLarge(code="body.length_missing", detail="Say how long the body is.")
    if int(declared) > limit:
        raise TooLarge(code="body.too_large", detail=f"At most {limit} bytes here.")
    body = request.read(limit + 1)
    if len(body) > limit:
        raise TooLarge(code="body.too_large", detail=f"At most {limit} bytes here.")
    return body


def _decode(body: bytes, decoder: msgspec.json.Decoder[Message]) -> Message:
    try:
        # PostgreSQL keeps no NUL in a text; in a line it is harmless, for lines are kept compressed.
        return decoder.decode(body if decoder.type is Lines else body.replace(b"\\u0000", b"\\ufffd"))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Invalid({}, code="body.malformed", detail=f"The body is not what the contract says: {error}") from error
