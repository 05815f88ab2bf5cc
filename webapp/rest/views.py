"""The base of every room's REST views: the actor, scoped rows, declared parameters, ETags, waiting, idempotency.

A room's view names its model's queryset and serializers, and adds its verbs:

    class Projects(Listed, Shown, RoomViewSet):
        serializer_class = ProjectSerializer
        filters = {"team": By("team_id", kind="id")}

        def rows(self) -> QuerySet[Project]:
            return Project.objects.visible_to(self.actor).select_related("team")

        @extend_schema(request=NewProject, responses={201: ProjectSerializer})
        def create(self, request: Request) -> Response:
            body = self.body(NewProject)
            ...
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from webapp.problems import Missing
from webapp.rest import idempotency
from webapp.rest.etag import IF_MATCH, refuse_outdated, tagged
from webapp.rest.filtering import PAGING, By, narrowed, refuse_unknown
from webapp.rest.models import IdempotentAnswer
from webapp.rest.waiting import PARAMETER as WAIT
from webapp.rest.waiting import seconds_of, until_terminal
from webapp.teams.policy import Actor

Row = TypeVar("Row", bound=Model)


class RoomView(APIView):
    """One address that is no list of things. `params` are the query parameters it knows."""

    params: frozenset[str] = frozenset()
    more_problems: tuple[int, ...] = ()  # beyond those that any view may answer; for the schema
    _place: IdempotentAnswer | None = None

    @property
    def actor(self) -> Actor:
        """Who asks."""
        found = self.request.auth
        if not isinstance(found, Actor):
            raise TypeError("a view without the permission Known has no actor")
        return found

    def known_params(self) -> frozenset[str]:
        """The query parameters of this request's action."""
        return self.params

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not hasattr(self, (request.method or "").lower()):
            return  # 405 follows, whatever the parameters are
        refuse_unknown(request.query_params, self.known_params())
        if request.method == "POST":
            self._place = idempotency.begin(request)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        final = super().finalize_response(request, response, *args, **kwargs)
        if self._place is not None:
            idempotency.finish(self._place, final)
        final.headers.setdefault("Cache-Control", "private, no-store")
        return final

    def handle_exception(self, exc: Exception) -> Response:
        try:
            return super().handle_exception(exc)
        except Exception:
            # Our own mistake: whoever sends the request again must not be told for a day that it is under way.
            if self._place is not None:
                self._place.delete()
            raise

    def body(self, kind: type[BaseSerializer[Any]], *, partial: bool = False) -> dict[str, Any]:
        """The request's body, checked by this serializer."""
        serializer = kind(data=self.request.data, partial=partial, context={"request": self.request, "view": self})
        serializer.is_valid(raise_exception=True)
        found: dict[str, Any] = serializer.validated_data
        return found


class RoomViewSet(RoomView, GenericViewSet[Any]):
    """A kind of thing with lists, single ones and verbs. Ids are opaque; a stranger's thing is not there."""

    lookup_field = "id"
    lookup_value_regex = r"[^/]+"
    filters: Mapping[str, By] = {}
    page_ordering: tuple[str, ...] = ("-id",)
    action_params: Mapping[str, frozenset[str]] = {}  # of actions other than list and retrieve

    def rows(self) -> QuerySet[Any]:
        """What this actor may see, with what the serializer needs; every room says so itself."""
        raise NotImplementedError

    def get_queryset(self) -> QuerySet[Any]:
        return self.rows()

    @property
    def changes_one(self) -> bool:
        """Does this request change or delete a single thing, as it was when its ETag was given?"""
        return self.action in ("partial_update", "destroy")

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.changes_one and IF_MATCH in request.headers:
            name = (request.method or "").lower()
            setattr(self, name, self._if_unchanged(getattr(self, name)))

    def _if_unchanged(self, handler: Callable[..., Response]) -> Callable[..., Response]:
        """The handler, in one step with the look whether the thing still is as `If-Match` says."""

        def changing(request: Request, *args: Any, **kwargs: Any) -> Response:
            with transaction.atomic():
                id = kwargs[self.lookup_field]
                # Of two at once the second waits here, and then sees what the first has done.
                list(self.rows().model._base_manager.select_for_update().filter(id=self.found(id).id).values_list("id"))
                refuse_outdated(request, self.get_serializer(self.found(id)).data)
                return handler(request, *args, **kwargs)

        return changing

    def known_params(self) -> frozenset[str]:
        if self.action == "list":
            return self.params | frozenset(self.filters) | PAGING
        if self.action == "retrieve" and isinstance(self, Awaited):
            return self.params | {WAIT}
        return self.params | self.action_params.get(self.action or "", frozenset())

    def found(self, id: str) -> Any:
        """The visible row with this id. Raises `Missing`."""
        return visible(self.rows(), id)

    def shown(self, row: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """One row as an answer."""
        return Response(self.get_serializer(row).data, status=status, headers=dict(headers or {}))


class Listed(RoomViewSet):
    """GET of the list."""

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of what you may see."""
        page = self.paginate_queryset(narrowed(self.rows(), request.query_params, self.filters))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class Shown(RoomViewSet):
    """GET of one."""

    def retrieve(self, request: Request, id: str, *args: Any, **kwargs: Any) -> Response:
        """One of them."""
        return tagged(request, self.get_serializer(self.found(id)).data)


class Awaited(Shown):
    """GET of one that comes to an end: `?wait=60` holds the answer until it has."""

    terminal: frozenset[str] = frozenset()  # values of `state`

    def retrieve(self, request: Request, id: str, *args: Any, **kwargs: Any) -> Response:
        """One of them; with `wait`, when it has come to an end or the seconds are over."""
        row = until_terminal(
            load=lambda: self.found(id),
            is_terminal=lambda found: found.state in self.terminal,
            seconds=seconds_of(request),
        )
        return tagged(request, self.get_serializer(row).data)


def visible(rows: QuerySet[Row], id: str, *, field: str = "id") -> Row:
    """The row with this id. Raises `Missing`, alike for what is not there and what is another team's."""
    row = rows.filter(**{field: id}).first() if id.isprintable() else None
    if row is None:
        raise Missing(code="missing", detail="")
    return row
