"""Every endpoint of the API, read from the resolver itself, and the form in which a room says who may do what there."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.apps import apps
from django.db import connection, transaction

from tests.cast import Cast

COLUMNS = ("stranger", "viewer", "developer", "operator", "owner", "admin")
METHODS = ("get", "post", "put", "patch", "delete")
# What may grow when something is refused: the trail, counters of failures, browsers' sessions.
MAY_GROW = {"audit.Entry", "audit.Repetition", "teams.Failures", "sessions.Session"}

Made = Callable[[Cast], dict[str, Any]]


def nothing(cast: Cast) -> dict[str, Any]:
    """No parts of an address, or an empty body."""
    return {}


@dataclass(frozen=True)
class Rule:
    """What each member of the cast is answered at one route and method: statuses in the order of `COLUMNS`.

    `where` makes the parts of the address, in the cast's team; `body` what is sent. Both may make what they need.
    """

    route: str
    method: str
    statuses: tuple[int, int, int, int, int, int]
    where: Made = nothing
    body: Made = nothing
    nobody: int = 401

    @property
    def key(self) -> tuple[str, str]:
        return self.route, self.method

    def expected(self) -> Mapping[str, int]:
        """Status by member of the cast."""
        return dict(zip(COLUMNS, self.statuses, strict=True))


def endpoints() -> set[tuple[str, str]]:
    """(name of the route, method) of everything under `/api/v1/`."""
    patterns = import_module("webapp.api_urls").urlpatterns
    return {(str(pattern.name), method) for pattern in patterns for method in _methods(pattern.callback)}


def _methods(callback: Any) -> Iterator[str]:
    actions = getattr(callback, "actions", None)
    if actions is not None:
        yield from (method for method in actions if method in METHODS)
        return
    view = getattr(callback, "view_class", None) or getattr(callback, "cls", None)
    yield from (method for method in METHODS if hasattr(view, method))


COUNTS = " UNION ALL ".join(
    f"SELECT '{model._meta.label}', COUNT(*) FROM {model._meta.db_table}"  # noqa: S608
    for model in apps.get_models()
    if model._meta.label not in MAY_GROW
)


def rows() -> list[tuple[str, int]]:
    """How many rows each table has, asked at once: hundreds of tests ask."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTS)
        return sorted(cursor.fetchall())


@contextmanager
def undone() -> Iterator[None]:
    """What happens within is rolled back, so that everybody finds the same."""
    place = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(place)
