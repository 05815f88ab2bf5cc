"""The box of an image in a registry."""

from collections.abc import Mapping
from typing import Any

from django import forms

from webapp.images.forms.boxes import Boxes, short


def _fields() -> dict[str, forms.Field]:
    hint = "registry/repository:tag or @sha256:…; nginx:1.27 is one of docker.io. Each build looks a tag up anew and "
    return {"reference": short("Name of the image", hint=hint + "pins the digest that it names then.")}


def _source(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"reference": given["reference"].strip()}


def _initial(source: Mapping[str, Any]) -> dict[str, Any]:
    return {"reference": source["reference"]}


REFERENCE = Boxes(
    label="an image in a registry",
    fields=_fields,
    carries={"source.reference": "reference"},
    source=_source,
    initial=_initial,
)
