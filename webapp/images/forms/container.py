"""Boxes of an image that is made of a container: which one stays as it was said on the page of its replica."""

from collections.abc import Mapping
from typing import Any

from django import forms

from webapp.images.forms.boxes import Boxes, short


def _fields() -> dict[str, forms.Field]:
    return {
        "author": short("Author"),
        "message": short("Message", hint="It stays readable in the image, as the author does."),
    }


def _source(given: Mapping[str, Any]) -> dict[str, Any]:
    return {**given["kept"], "author": given["author"], "message": given["message"]}


def _initial(source: Mapping[str, Any]) -> dict[str, Any]:
    return {"author": source["author"], "message": source["message"]}


CONTAINER = Boxes(
    label="the files of a container",
    fields=_fields,
    carries={"source.author": "author", "source.message": "message"},
    source=_source,
    initial=_initial,
)
