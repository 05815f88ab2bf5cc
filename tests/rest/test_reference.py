"""The API's page: every verb of the description, with its fields and errors, for signed-in people."""

from django.test import Client

from tests.cast import Cast
from webapp.rest.documents import description
from webapp.rest.reference import METHODS, Word, _type, reference


def test_every_verb_and_shape_of_the_description_is_on_the_page() -> None:
    page = reference(description())
    shown = {(one.method.lower(), one.path) for room in page.rooms for one in room.operations}
    described = {(method, path) for path, verbs in description()["paths"].items() for method in verbs}
    assert shown == described and len(shown) > 80
    assert {method for method, _ in described} <= set(METHODS)
    assert {thing.name for thing in page.things} == set(description()["components"]["schemas"])


def test_no_link_leads_nowhere() -> None:
    page = reference(description())
    words = [word for room in page.rooms for one in room.operations for answer in one.answers for word in answer.type]
    words += [word for thing in page.things for field in thing.fields for word in field.type]
    assert {word.ref for word in words if word.ref} <= {thing.name for thing in page.things}


def test_types_are_said_in_words() -> None:
    def said(schema: dict[str, object]) -> str:
        return "".join(word.text for word in _type(schema))

    assert list(_type({"$ref": "#/components/schemas/Build"})) == [Word("Build", ref="Build")]
    assert said({"type": "array", "items": {"type": "string"}}) == "list of string"
    assert said({"type": ["string", "null"], "format": "date-time"}) == "string or null (date-time)"
    assert said({"oneOf": [{"enum": ["a", "b"]}, {"type": "integer"}]}) == "a | b or integer"
    assert said({"type": "object", "additionalProperties": {"type": "string"}}) == "text → string"


def test_the_page_is_for_who_is_signed_in_and_needs_no_script_to_be_read(cast: Cast) -> None:
    html = cast.client("viewer").get("/api/v1/docs/").content.decode()
    assert "/api/v1/builds/{id}/cancel" in html and "thing-Problem" in html
    assert Client().get("/api/v1/docs/").status_code == 302
