"""Pages leave compressed. What is streamed, downloaded or asked by programs goes as it is."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

TYPE = "text/html"


class PageCompressionMiddleware(GZipMiddleware):
    """Django's own, which adds a random length against guessing (BREACH), for pages alone."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.streaming or not response.get("Content-Type", "").startswith(TYPE):
            return response
        answer: HttpResponseBase = super().process_response(request, response)
        return answer
