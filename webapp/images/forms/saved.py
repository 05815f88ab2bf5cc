"""The box of a saved image. Which archives the project has is said by the page."""

from collections.abc import Mapping
from typing import Any

from django import forms

from webapp.images.forms.boxes import Boxes
from webapp.images.forms.uploads import upload_box

BOX = "saved_upload"


def _fields() -> dict[str, forms.Field]:
    hint = "Of docker save or an OCI image layout, tar or tar.gz; what is sent below is chosen here."
    return {BOX: upload_box("Saved image", hint=hint)}


def _source(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"upload": given[BOX]}


def _initial(source: Mapping[str, Any]) -> dict[str, Any]:
    return {BOX: source["upload"]}


SAVED = Boxes(
    label="an image saved as an archive",
    fields=_fields,
    carries={"source.upload": BOX},
    source=_source,
    initial=_initial,
)
