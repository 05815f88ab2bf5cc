"""What hosts say over HTTP. No session, no cookie, no form: each call shows the host's credential."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Concatenate, Literal, ParamSpec

import msgspec
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.timezone import now
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from runtime.contract import wire
from runtime.contract.reports import LinesAnswer, Problem
from webapp.exports import services as exports
from webapp.hosts.models import Host
from webapp.ingest import guard, owners, refusals, revealing
from webapp.jobs import services as jobs
from webapp.logs import tail
from webapp.problems import Missing, Refusal
from webapp.registries.own import collecting
from webapp.volumes import services as volumes

P = ParamSpec("P")
Answer = HttpResponse | StreamingHttpResponse
Call = Callable[Concatenate[HttpRequest, Host, P], Answer]
Served = Callable[Concatenate[HttpRequest, P], Answer]

# Refusals of a claim after which no later one can succeed: whose they are, and what to do.
NEVER: Mapping[str, tuple[Literal["user", "us"], str]] = {
    "secret.missing": ("user", "Set the secret, then try again."),
    "secret.unreadable": (
        "us",
        "Set the secret again, or bring the key back with which it was encrypted (docs/operation.md); then try again.",
    ),
}


def from_host(call: Call[P]) -> Served[P]:
    """Admit only hosts, which say something; answer and remember what is refused."""
    return _admitting(call, "POST")


def reading_host(call: Call[P]) -> Served[P]:
    """The same for what hosts only read."""
    return _admitting(call, "GET")


def put_by_host(call: Call[P]) -> Served[P]:
    """The same for what hosts send as bytes."""
    return _admitting(call, "PUT")


def _admitting(call: Call[P], method: str) -> Served[P]:
    @csrf_exempt
    @require_http_methods([method])
    @wraps(call)
    def admitted(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
        host = None
        try:
            host = guard.host_of(guard.headers_of(request))
            return call(request, host, *args, **kwargs)
        except Refusal as refusal:
            refusals.remember(
                refusal, host=host, ip=getattr(request, "client_ip", "") or request.META.get("REMOTE_ADDR", "")
            )
            return refusals.answer(refusal)

    return admitted


@from_host
def claims(request: HttpRequest, host: Host) -> HttpResponse:
    """Claim the job that the doorbell named. Its secrets are revealed here, to this host, for this attempt."""
    asked = guard.message_of_host(
        request, host=host, door=wire.CLAIMS_PATH, limit=guard.CLAIM_BYTES, decoder=wire.claim_request_decoder
    )
    if collecting.holds_back(asked.job):
        return HttpResponse(status=204)  # it is rung again
    try:
        with transaction.atomic():
            claimed = jobs.claim(host=host, job_id=asked.job, now=now())
            if claimed is None:
                return HttpResponse(status=204)
            owners.job_changed(claimed.job)
            secrets = revealing.secrets_for(claimed.job)
    except Missing as refusal:
        if refusal.code in NEVER:
            _give_up(asked.job, refusal)
        raise
    return _json(msgspec.structs.replace(claimed.claim, secrets=secrets))


def _give_up(job_id: str, refusal: Refusal) -> None:
    """A job that lacks a secret can never start; it fails instead of waiting for ever."""
    whose, advice = NEVER[refusal.code]
    problem = Problem(code=refusal.code, whose=whose, message=refusal.detail, advice=advice, retry_helps=False)
    with transaction.atomic():
        job = jobs.fail_unstarted(job_id=job_id, problem=problem, now=now())
        if job is not None:
            owners.job_changed(job)


@from_host
def heartbeat(request: HttpRequest, host: Host, job_id: str) -> HttpResponse:
    """Renew the lease; cancel rides on the answer."""
    said = guard.message_of_job(
        request, host=host, job_id=job_id, limit=guard.HEARTBEAT_BYTES, decoder=wire.heartbeat_decoder
    )
    return _json(jobs.heartbeat(job=said.job, now=now()))


@from_host
def progress(request: HttpRequest, host: Host, job_id: str) -> HttpResponse:
    """Steps, phase and facts of a running job."""
    said = guard.message_of_job(
        request, host=host, job_id=job_id, limit=guard.PROGRESS_BYTES, decoder=wire.progress_decoder
    )
    guard.check_progress(said.message)
    with transaction.atomic():
        jobs.progress(job=said.job, progress=said.message, now=now())
        owners.job_changed(said.job, progress=said.message)
    return HttpResponse(status=204)


@from_host
def lines(request: HttpRequest, host: Host, job_id: str) -> HttpResponse:
    """Lines of the job's log."""
    said = guard.message_of_job(request, host=host, job_id=job_id, limit=guard.LINES_BYTES, decoder=wire.lines_decoder)
    guard.check_lines(said.message, log_id=said.job.log_id)
    kept = tail.append(log_id=said.job.log_id, first=said.message.first, lines=said.message.lines)
    return _json(LinesAnswer(last=kept.last, archived=kept.archived))


@put_by_host
def piece(request: HttpRequest, host: Host, job_id: str, offset: int) -> HttpResponse:
    """A piece of what an export or a backup sends. Sent again it is taken once."""
    said = guard.bytes_of_job(request, host=host, job_id=job_id, limit=wire.PIECE_BYTES)
    take = volumes.take_piece if said.job.kind == "backup_volume" else exports.take_piece
    return _json(wire.PieceAnswer(held=take(job=said.job, offset=offset, piece=said.message)))


@from_host
def finish(request: HttpRequest, host: Host, job_id: str) -> HttpResponse:
    """The last word on the attempt; taken only when the log is complete and archived. Saying it again is harmless."""
    said = guard.message_of_job(
        request, host=host, job_id=job_id, limit=guard.FINISH_BYTES, decoder=wire.finish_decoder, ended=True
    )
    jobs.keep_lines(job=said.job, last_line=said.message.last_line)
    with transaction.atomic():
        if jobs.finish(job=said.job, finish=said.message, now=now()):
            owners.job_changed(said.job, finish=said.message)
    return HttpResponse(status=204)


def _json(message: msgspec.Struct) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(message), content_type="application/json")
