"""The walls between rooms, where no import shows the way: what Django hangs on a model from a room above.

A relation gives its target an attribute and a word for queries (`related_name`). They belong to the room that declares
the relation: a room below that uses them reaches up. It is told by whoever knows (see `webapp.images.using`) instead.
"""

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

from tests.test_walls import CONTROL_PLANE, ROOT, name, tree

QUERYING = {
    "Avg", "Count", "Exists", "F", "Max", "Min", "OuterRef", "Prefetch", "Q", "Sum", "annotate", "defer", "distinct",
    "exclude", "filter", "get", "get_or_create", "only", "order_by", "prefetch_related", "select_related", "values",
    "values_list", "update",
}  # fmt: skip
MANAGING = {"all", "aggregate", "count", "create", "exists", "first", "last", "remove", "set", *QUERYING}
# Templates lie in folders by what they show.
SHOWN_BY = {
    "audit": "audit", "builds": "images", "environments": "environments", "hosts": "hosts", "images": "images",
    "logs": "logs", "projects": "teams", "registries": "registries", "secrets": "environments", "teams": "teams",
    "tokens": "teams",
}  # fmt: skip
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.html") if path.parent.name in SHOWN_BY)


def layers() -> list[set[str]]:
    """The rooms from high to low, as import-linter keeps them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    lines = next(contract["layers"] for contract in contracts if contract["name"] == "The rooms lie in layers")
    return [{room.strip().removeprefix("webapp.") for room in line.split("|")} for line in lines]


HEIGHT = {room: -at for at, rooms in enumerate(layers()) for room in rooms}


def hung() -> Mapping[str, set[str]]:
    """Reverse name -> rooms whose relations make it, of relations that cross from one room to another."""
    found: dict[str, set[str]] = {}
    for model in apps.get_models():
        for relation in model._meta.related_objects:
            below, above = model._meta.app_label, relation.related_model._meta.app_label
            if below != above and above in HEIGHT:
                found.setdefault(str(relation.get_accessor_name()), set()).add(above)
                found.setdefault(str(relation.field.related_query_name()), set()).add(above)
    return found


def own_words(room: str) -> set[str]:
    """Fields of models of this room and of those below: the same word of a room above may stand for such a field."""
    known = [model for model in apps.get_models() if HEIGHT.get(model._meta.app_label, 0) <= HEIGHT[room]]
    return {field.name for model in known for field in model._meta.get_fields() if not field.auto_created}


HUNG = hung()
JSON = {
    field.name
    for model in apps.get_models()
    for field in model._meta.get_fields()
    if isinstance(field, models.JSONField)
}
OWN = {room: own_words(room) for room in HEIGHT}


def above(word: str, room: str) -> bool:
    """Is this word one that only rooms above this one hang on models?"""
    rooms = HUNG.get(word, set())
    return bool(rooms) and all(HEIGHT[maker] > HEIGHT[room] for maker in rooms)


def reaches(parsed: ast.Module, room: str) -> Iterator[str]:
    """Words of rooms above that are asked of a thing, or of the database."""
    own = OWN[room]
    for node in ast.walk(parsed):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.attr in MANAGING:
            yield from (word for word in [node.value.attr] if above(word, room) and word not in own)
        if isinstance(node, ast.Call) and called(node) in QUERYING:
            for path in asked(node):
                yield from (word for word in steps(path) if above(word, room) and word not in own)


def steps(path: str) -> Iterator[str]:
    """The relations that a query's path goes along; what stands behind a JSON field is no relation."""
    for word in path.split("__"):
        yield word
        if word in JSON:
            return


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def asked(node: ast.Call) -> Iterator[str]:
    """The names that a query is given."""
    yield from (word.arg for word in node.keywords if word.arg)
    for word in node.args:
        if isinstance(word, ast.Constant) and isinstance(word.value, str):
            yield word.value.lstrip("-")


def shown(text: str, room: str) -> set[str]:
    """Words of rooms above in a template's tags."""
    inside = " ".join(re.findall(r"\{[{%].*?[%}]\}", text, re.DOTALL))
    return {word for word in re.findall(r"\w\.([a-z_]+)\.(?:all|count|exists|first)\b", inside) if above(word, room)}


def room_of(path: Path) -> str:
    parts = path.relative_to(ROOT / "webapp").parts
    return parts[0] if parts[0] in HEIGHT else ""


def test_there_are_words_to_look_for() -> None:
    assert {"services", "releases", "replicas"} <= set(HUNG) and HUNG["builds"] == {"images"}
    assert above("services", "images") and not above("services", "deployments") and not above("jobs", "images")


def test_no_room_reaches_up_by_the_name_that_a_room_above_hangs_on_its_models() -> None:
    found = {
        (name(path), word)
        for path in CONTROL_PLANE
        if room_of(path) and "migrations" not in path.parts
        for word in reaches(tree(path), room_of(path))
    }
    assert found == set()


def test_no_template_does() -> None:
    assert TEMPLATES
    found = {(name(path), word) for path in TEMPLATES for word in shown(path.read_text(), SHOWN_BY[path.parent.name])}
    assert found == set()


@pytest.mark.parametrize(
    ("text", "room", "found"),
    [
        ("image.services.all()", "images", {"services"}),
        ("host.replicas.exclude(state='lost')", "hosts", {"replicas"}),
        ("Host.objects.annotate(n=Count('builds', filter=~Q(builds__state='queued')))", "hosts", {"builds"}),
        ("Image.objects.filter(builds__releases__number=1)", "images", {"releases"}),
        ("rows.order_by('-host__replicas')", "images", {"replicas"}),
        ("image.builds.all()", "images", set()),
        ("load.replicas", "hosts", set()),
        ("Job.objects.filter(order__replicas=[])", "jobs", set()),
        ("services.define_image()", "images", set()),
        ("Build.objects.filter(image__builds=1)", "deployments", set()),
        ("said('services')", "images", set()),
    ],
)
def test_every_way_to_reach_is_seen_and_nothing_else(text: str, room: str, found: set[str]) -> None:
    assert set(reaches(ast.parse(text), room)) == found


def test_a_template_is_read_for_what_it_asks() -> None:
    assert shown("{% for one in image.services.all %}services.all{% endfor %}", "images") == {"services"}
    assert shown("image.services.all {{ image.builds.count }}", "images") == set()
