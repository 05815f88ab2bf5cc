"""Refusals of verbs, as pages: one sentence, what to do, and the right status; the trail hears of them."""

import logging
from collections.abc import Mapping

from django.contrib import messages
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from webapp.audit.services import record_refusal
from webapp.problems import Missing, Refusal
from webapp.rest.middleware import GetResponse, SlipwayRequest

# Statuses of which the trail hears, as it does for the API (rest/refusals.py); mistyped forms are nobody's attack.
TOLD: Mapping[int, str] = {403: "authz.denied", 404: "authz.denied", 410: "invite.denied"}
OTHERS = ("/api/", "/ingest/")  # tell by themselves

logger = logging.getLogger(__name__)


class RefusalMiddleware:
    """A refused form leads back to where it was sent from, with the sentence; anything else gets a page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: SlipwayRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code in TOLD and not request.path.startswith(OTHERS):
            _tell_trail(request, response.status_code)
        return response

    def process_exception(self, request: SlipwayRequest, error: Exception) -> HttpResponse | None:
        """Called by Django for what a view raised."""
        if not isinstance(error, Refusal):
            return None
        if isinstance(error, Missing):
            raise Http404(error.detail) from error
        back = request.headers.get("Referer", "")
        if request.method == "POST" and _is_ours(request, back):
            if error.status in TOLD:
                _tell_trail(request, error.status)
            messages.error(request, " ".join([error.detail, *error.reasons, *_by_field(error)]))
            return redirect(back)
        context = {"title": error.title, "detail": error.detail, "reasons": [*error.reasons, *_by_field(error)]}
        return render(request, "pages/refusal.html", context, status=error.status)


def _tell_trail(request: SlipwayRequest, status: int) -> None:
    """Of signed-in people at pages that exist. That it cannot be told changes no answer: nothing was done."""
    match = request.resolver_match
    if request.actor is None or match is None:
        return
    reason = f"{request.method} {match.route}: {status}"
    try:
        record_refusal(actor=request.actor, action=TOLD[status], reason=reason)
    except DatabaseError as trouble:
        logger.warning("a refusal was not noted in the trail: %s", trouble)


def _is_ours(request: HttpRequest, url: str) -> bool:
    return bool(url) and url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )


def _by_field(error: Refusal) -> list[str]:
    return [f"{name}: {text}" for name, texts in error.errors.items() for text in texts]
