"""Logs by the API: a page of lines, a download, a stream."""

import contextlib
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import msgspec
from channels.db import database_sync_to_async
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.logs import follow, reader
from webapp.logs import lines as text_of
from webapp.logs.models import Log
from webapp.problems import Invalid
from webapp.rest.views import RoomView, RoomViewSet, Shown, visible
from webapp.teams.models import Token, User
from webapp.teams.policy import Actor, actor_for_token, actor_for_user

DEFAULT_LINES = 1000
RECHECK_SECONDS = 3.0  # a stream that somebody may not see any more ends within this
NDJSON, TEXT = "application/x-ndjson", "text/plain"


class LogSerializer(serializers.ModelSerializer[Log]):
    """A log without its lines. `archived` is the highest line number in the database."""

    archived = serializers.IntegerField(source="archived_to", read_only=True)
    end = serializers.SerializerMethodField(help_text="State and number of lines, once nothing more will come.")

    class Meta:
        model = Log
        fields = ("id", "project", "kind", "created_at", "ended_at", "archived", "end")
        read_only_fields = fields

    def get_end(self, log: Log) -> dict[str, Any] | None:
        return {"state": log.end_state, "lines": log.archived_to} if log.end_state else None


class Logs(Shown, RoomViewSet):
    """Logs of builds, deployments and replicas."""

    serializer_class = LogSerializer

    def rows(self) -> QuerySet[Log]:
        return Log.objects.visible_to(self.actor)


class NdjsonRenderer(BaseRenderer):
    """Names the media type; the answer is a stream, which is not rendered."""

    media_type = NDJSON
    format = "ndjson"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        return msgspec.json.encode(data)


class TextRenderer(NdjsonRenderer):
    """As above, for the download."""

    media_type = TEXT
    format = "text"


PARAMETERS = [
    OpenApiParameter("after", OpenApiTypes.INT64, description="The number of the last line seen; 0 for the beginning."),
    OpenApiParameter("limit", OpenApiTypes.INT, description=f"1 to {reader.MAX_LINES}."),
    OpenApiParameter("stream", OpenApiTypes.STR, enum=sorted(reader.STREAMS)),
    OpenApiParameter("q", OpenApiTypes.STR, description="Lines that hold this text."),
    OpenApiParameter("follow", OpenApiTypes.STR, enum=["0", "1"], description="With NDJSON: go on as the log grows."),
]
PAGE = inline_serializer(
    "LogPage",
    {
        "results": serializers.ListField(child=serializers.ListField(), help_text="[number, unix ms, stream, text]"),
        "end": serializers.DictField(allow_null=True, help_text="{state, lines} when nothing follows, ever."),
        "last": serializers.IntegerField(help_text="Go on with after=last."),
    },
)


class Lines(RoomView):
    """The lines of one log."""

    params = frozenset({"after", "limit", "stream", "q", "follow"})
    renderer_classes = [JSONRenderer, NdjsonRenderer, TextRenderer]

    @extend_schema(
        parameters=PARAMETERS, responses={(200, "application/json"): PAGE, (200, NDJSON): str, (200, TEXT): str}
    )
    def get(self, request: Request, id: str) -> HttpResponseBase:
        """A page as JSON; everything behind `after` as NDJSON; the whole log as text."""
        log = visible(Log.objects.visible_to(self.actor), id)
        asked = request.query_params
        after, limit = _number(asked, "after", 0), _number(asked, "limit", DEFAULT_LINES)
        follows = _flag(asked, "follow")
        kind = getattr(request.accepted_renderer, "media_type", "")
        if kind == TEXT:
            return _streamed(reader.stream_text(log), "text/plain; charset=utf-8", name=f"{log.kind}-{log.id}.txt")
        if kind == NDJSON:
            still = partial(still_may_see, self.actor, log.id)
            return _streamed(_followed(log.id, after, still) if follows else _ndjson(log, after), NDJSON)
        page = reader.read(log=log, after=after, limit=limit, stream=asked.get("stream"), q=asked.get("q"))
        return Response({"results": page.rows, "end": page.end, "last": page.last})


def _number(asked: Any, name: str, default: int) -> int:
    word = str(asked.get(name, default))
    if not (word.isascii() and word.isdecimal() and len(word) < 17):
        raise Invalid({name: ["A whole number."]})
    return int(word)


def _flag(asked: Any, name: str) -> bool:
    word = asked.get(name, "0")
    if word not in ("0", "1"):
        raise Invalid({name: ["0 or 1."]})
    return bool(word == "1")


def _streamed(pieces: AsyncIterator[bytes], content_type: str, *, name: str = "") -> StreamingHttpResponse:
    answer = StreamingHttpResponse(pieces, content_type=content_type)
    answer["X-Content-Type-Options"] = "nosniff"
    if name:
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


async def _ndjson(log: Log, after: int) -> AsyncIterator[bytes]:
    last = after - 1
    while after > last:
        raw = await database_sync_to_async(reader.read_raw)(log_id=log.id, after=after)
        last, after = after, raw.last
        for text in raw.texts:
            yield _rows(text)


async def _followed(log_id: str, after: int, still: Callable[[], bool]) -> AsyncIterator[bytes]:
    """Rows as they come; an empty line now and then while none do. Ends with the log, or with the right to see it."""
    asked = time.monotonic()
    with contextlib.suppress(follow.TooSlow):
        async with contextlib.aclosing(follow.follow(log_id=log_id, after=after, idle=RECHECK_SECONDS)) as batches:
            async for batch in batches:
                if time.monotonic() - asked >= RECHECK_SECONDS:
                    asked = time.monotonic()
                    if not await database_sync_to_async(still)():
                        return
                yield _rows(batch.text.encode()) if batch.text else b"\n"


def _rows(text: bytes) -> bytes:
    return b"".join(msgspec.json.encode(row) + b"\n" for row in text_of.decode(text))


def still_may_see(actor: Actor, log_id: str) -> bool:
    """Whether whoever this was may see the log now."""
    now_acting = _as_of_now(actor)
    return now_acting is not None and Log.objects.visible_to(now_acting).filter(id=log_id).exists()


def _as_of_now(actor: Actor) -> Actor | None:
    if actor.token is not None:
        token = Token.objects.select_related("user", "team", "project").filter(id=actor.token.id).first()
        return actor_for_token(token) if token is not None and token.is_live() else None
    before = actor.user
    person = User.objects.filter(id=before.id, is_active=True).first() if before is not None else None
    if person is None or before is None or person.password != before.password:
        return None
    return actor_for_user(person)


urlpatterns = [
    path("logs/<str:id>/", Logs.as_view({"get": "retrieve"}), name="log"),
    path("logs/<str:id>/lines/", Lines.as_view(), name="log-lines"),
]
