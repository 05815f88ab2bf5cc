"""Refusals of verbs, as pages: one sentence, what to do, and the right status."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from webapp.problems import Missing, Refusal
from webapp.rest.middleware import GetResponse


class RefusalMiddleware:
    """A refused form leads back to where it was sent from, with the sentence; anything else gets a page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Called by Django for what a view raised."""
        if not isinstance(error, Refusal):
            return None
        if isinstance(error, Missing):
            raise Http404(error.detail) from error
        back = request.headers.get("Referer", "")
        if request.method == "POST" and _is_ours(request, back):
            messages.error(request, " ".join([error.detail, *error.reasons, *_by_field(error)]))
            return redirect(back)
        context = {"title": error.title, "detail": error.detail, "reasons": [*error.reasons, *_by_field(error)]}
        return render(request, "pages/refusal.html", context, status=error.status)


def _is_ours(request: HttpRequest, url: str) -> bool:
    return bool(url) and url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )


def _by_field(error: Refusal) -> list[str]:
    return [f"{name}: {text}" for name, texts in error.errors.items() for text in texts]
