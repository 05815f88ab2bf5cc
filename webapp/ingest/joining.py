"""The door for machines that are no hosts yet: what they need to become one, and the call by which they do."""

import time

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import now
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from runtime.contract import CONTRACT_VERSION
from runtime.contract.enrollment import Enrolled, enroll_request_decoder
from webapp.hosts import services as hosts
from webapp.hosts.parcel import parcel
from webapp.ingest import guard, refusals
from webapp.ingest.refusals import WrongContract
from webapp.problems import Refusal, TooMany
from webapp.rest.client import address_of
from webapp.rest.throttling import buckets

ENROLL_BYTES = 2048
FROM_ONE_ADDRESS = 10  # tries a minute
FROM_ALL = 60
MINUTE = 60.0


@csrf_exempt
@require_http_methods(["POST"])
def enrollments(request: HttpRequest) -> HttpResponse:
    """Bring a one-time code and the public key; be told, once, what the host has from now on."""
    ip = address_of(request.META)
    try:
        _bound_tries(ip)
        asked = guard.message_of_nobody(request, limit=ENROLL_BYTES, decoder=enroll_request_decoder)
        if asked.contract != CONTRACT_VERSION:
            raise WrongContract(
                code="contract.version", detail=f"This Slipway speaks contract {CONTRACT_VERSION}: fetch its worker."
            )
        done = hosts.redeem(code=asked.code, key=asked.key, signature=asked.signature, ip=ip, now=now())
    except Refusal as refusal:
        refusals.remember(refusal, host=None, ip=ip)
        return refusals.answer(refusal)
    told = Enrolled(host=done.host.name, credential=done.credential, broker=done.broker, own_doorbell=done.own_doorbell)
    return HttpResponse(
        msgspec.json.encode(told), content_type="application/json", headers={"Cache-Control": "no-store"}
    )


@require_http_methods(["GET"])
def worker(request: HttpRequest) -> HttpResponse:
    """The worker's code, which is no secret; the command of the hosts page compares it with its SHA-256."""
    return HttpResponse(parcel().content, content_type="application/gzip")


def _bound_tries(ip: str) -> None:
    """A code has 192 bits, so this is for the log's sake and the database's."""
    moment = time.monotonic()
    for key, limit in ((f"enrollment:{ip}", FROM_ONE_ADDRESS), ("enrollment", FROM_ALL)):
        wait = buckets.take(key, limit=limit, period=MINUTE, at=moment)
        if wait > 0:
            raise TooMany(
                code="enrollment.too_many", detail="Too many tries. Wait a minute.", retry_after=int(wait) + 1
            )
