"""Where engines get tokens for the own registry: no session, no cookie; a password in the request alone counts."""

import base64
import binascii

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from webapp.problems import Refusal
from webapp.registries.own import passwords, place, tokens
from webapp.registries.own.access import May, asked, granted, of_job, of_person
from webapp.rest.client import address_of
from webapp.teams import brakes
from webapp.teams.policy import actor_for_token
from webapp.teams.services import find_token

MAX_HEADER = 2000


@csrf_exempt
@require_safe
@never_cache
def token(request: HttpRequest) -> HttpResponse:
    """A token that grants what was asked for, as far as whoever asks may have it. 401 for nobody known."""
    if not place.address() or request.GET.get("service", tokens.SERVICE) != tokens.SERVICE:
        return _refused(404, "There is no such registry here.")
    ip = address_of(request.META)
    found = _who(_password(request), ip)
    if found is None:
        wait = brakes.seconds_to_wait(brakes.TOKEN, address=ip)
        if wait:
            answer = _refused(429, "Too many bad passwords from this address.")
            answer.headers["Retry-After"] = str(wait)
            return answer
        brakes.failed(brakes.TOKEN, address=ip)
        return _refused(401, "Nobody is known by this password (any more).")
    subject, allows = found
    try:
        signed = tokens.sign(subject, granted(asked(request.GET.getlist("scope")), allows))
    except Refusal as refusal:
        return _refused(refusal.status, refusal.detail)
    issued = now().strftime("%Y-%m-%dT%H:%M:%SZ")
    return JsonResponse(
        {"token": signed, "access_token": signed, "expires_in": tokens.LIFE_SECONDS, "issued_at": issued}
    )


def _who(password: str, ip: str) -> tuple[str, May] | None:
    job = passwords.find_job(password)
    if job is not None:
        return f"host {job.host.name}", of_job(job)
    known = find_token(password)
    if known is None:
        return None
    return f"token {known.id}", of_person(actor_for_token(known, ip=ip))


def _password(request: HttpRequest) -> str:
    """Of `Authorization: Basic`; the user's name says nothing here."""
    scheme, _, text = request.headers.get("Authorization", "")[:MAX_HEADER].partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(text.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _refused(status: int, detail: str) -> HttpResponse:
    """As registries say it, so that an engine shows the words."""
    code = {401: "UNAUTHORIZED", 429: "TOOMANYREQUESTS"}.get(status, "UNAVAILABLE")
    answer = JsonResponse({"errors": [{"code": code, "message": detail}], "details": detail}, status=status)
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Basic realm="Slipway"'
    return answer


urlpatterns = [path("token/", token, name="registry_token")]
