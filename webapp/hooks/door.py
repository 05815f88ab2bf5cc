"""Where deliveries come in: no session, no cookie, no form's token; the signature alone counts."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from webapp.hooks import refusals
from webapp.hooks.services import receive
from webapp.problems import Refusal, TooLarge
from webapp.rest.client import address_of

MAX_BYTES = 1024 * 1024


@csrf_exempt
@require_POST
@never_cache
def deliver(request: HttpRequest, id: str) -> HttpResponse:
    """One delivery: 202 with the build, 200 with the same build for a repetition, 204 for what builds nothing."""
    ip, request_id = address_of(request.META), str(getattr(request, "request_id", ""))
    try:
        heard = receive(
            hook_id=id, headers=_headers(request), body=_body(request), at=now(), ip=ip, request_id=request_id
        )
    except Refusal as refusal:
        refusals.remember(refusal, hook_id=id, ip=ip, request_id=request_id)
        return _refused(refusal)
    if heard.status == 204:
        return HttpResponse(status=204)
    build = heard.build
    found = {"id": build.id, "number": build.number, "state": build.state} if build is not None else None
    return JsonResponse({"build": found, "detail": heard.reason}, status=heard.status)


def _headers(request: HttpRequest) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items() if name.lower() != "cookie"}


def _body(request: HttpRequest) -> bytes:
    """Counted as it comes, whatever its length was said to be."""
    declared = request.headers.get("content-length", "")
    body = b"" if declared.isdecimal() and int(declared) > MAX_BYTES else request.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES or (declared.isdecimal() and int(declared) > MAX_BYTES):
        raise TooLarge(code="hook.too_large", detail=f"A delivery has at most {MAX_BYTES} bytes.")
    return body


def _refused(refusal: Refusal) -> HttpResponse:
    problem = {**refusal.as_problem(), "reasons": refusal.reasons}
    answer = JsonResponse(problem, status=refusal.status, content_type="application/problem+json")
    if refusal.retry_after:
        answer.headers["Retry-After"] = str(refusal.retry_after)
    return answer


urlpatterns = [path("<str:id>/", deliver, name="hook_deliver")]
