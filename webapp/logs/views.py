"""The page of a log: its text, as a file."""

from django.http import HttpResponse, StreamingHttpResponse

from webapp.logs.models import Log
from webapp.logs.reader import stream_text
from webapp.page import PageRequest, find, look


@look
def text(request: PageRequest, id: str) -> HttpResponse | StreamingHttpResponse:
    """All lines until now, as a download."""
    log = find(Log.objects.visible_to(request.actor), id)
    answer = StreamingHttpResponse(stream_text(log), content_type="text/plain; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{log.kind}-{log.id}.txt"'
    return answer
