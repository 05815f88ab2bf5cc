"""What ingest refuses beyond what verbs refuse, and how a refusal is answered and remembered."""

from dataclasses import replace

import msgspec
from django.http import HttpResponse

from runtime.contract.wire import MissingLines
from webapp.audit.services import record_refusal
from webapp.hosts.models import Host
from webapp.jobs.services import LinesMissing
from webapp.problems import Refusal
from webapp.teams.policy import SYSTEM

# Nobody's wrong-doing.
QUIET = frozenset({"job.lines_missing", "job.ended", "redis.unavailable", "log.contended", "job.missing"})


class Unknown(Refusal):
    """401: no credential of a host, or one that is not good any more."""

    status = 401
    title = "Unauthorized"


class WrongContract(Refusal):
    """426: the host speaks another version of the contract."""

    status = 426
    title = "Upgrade required"


def answer(refusal: Refusal) -> HttpResponse:
    """The refusal as the contract says it."""
    if isinstance(refusal, LinesMissing):
        body = msgspec.json.encode(MissingLines(code=refusal.code, last=refusal.last))
        return HttpResponse(body, status=409, content_type="application/json")
    body = msgspec.json.encode(refusal.as_problem())
    return HttpResponse(body, status=refusal.status, content_type="application/problem+json")


def remember(refusal: Refusal, *, host: Host | None, ip: str) -> None:
    """Audit what a host, or somebody who is none, was refused; repetitions within a minute become one entry.

    What it was about is left out: a host that makes up ids must not fill the trail.
    """
    if refusal.code in QUIET:
        return
    record_refusal(
        actor=replace(SYSTEM, ip=ip) if host is not None else None,
        action="event.refused" if host is not None else "host.unknown",
        target_type="host",
        target_id=host.id if host is not None else "",
        reason=f"host {host.name}: {refusal.code}" if host is not None else refusal.code,
        ip=ip,
    )
