"""Lists in pages, by cursor: stable while rows are added, the same cost on every page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from webapp.problems import Invalid

if TYPE_CHECKING:
    from rest_framework.views import APIView

PAGE_SIZE = 50
MAX_PAGE_SIZE = 200


class CursorPages(CursorPagination):
    """`{"results", "next", "previous"}`; `page_size` up to 200. Newest first, unless the view says `page_ordering`."""

    page_size = PAGE_SIZE
    max_page_size = MAX_PAGE_SIZE
    page_size_query_param = "page_size"
    cursor_query_param = "cursor"
    ordering = "-id"

    def get_page_size(self, request: Request) -> int:
        text = request.query_params.get(self.page_size_query_param)
        if text is None:
            return PAGE_SIZE
        if not (text.isascii() and text.isdecimal() and len(text) <= 4 and 1 <= int(text) <= MAX_PAGE_SIZE):
            raise Invalid({"page_size": [f"A whole number from 1 to {MAX_PAGE_SIZE}."]})
        return int(text)

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> tuple[str, ...]:
        return tuple(getattr(view, "page_ordering", (self.ordering,)))

    def decode_cursor(self, request: Request) -> Any:
        try:
            return super().decode_cursor(request)
        except NotFound as error:
            raise Invalid({"cursor": ["This is no cursor of ours. Begin without one."]}) from error

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": link, "previous": link},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        size = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": PAGE_SIZE}
        return [
            {"name": self.cursor_query_param, "in": "query", "required": False, "schema": {"type": "string"}},
            {"name": self.page_size_query_param, "in": "query", "required": False, "schema": size},
        ]
