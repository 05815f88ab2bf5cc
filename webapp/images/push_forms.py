"""Forms of destinations and pushes: a registry to choose, and boxes for what is other than usual."""

from typing import Any

from django import forms
from django.http import QueryDict

from runtime.contract.tagging import PLACEHOLDERS
from webapp.images.models import Build, Image
from webapp.images.services.destinations import DEFAULT_TAGS, MAX_DESTINATIONS
from webapp.page import Form
from webapp.registries.models import Registry
from webapp.teams.models import Project

SHORT = 2000
PARTS = ("registry", "repository", "tags")
KNOWN_TAGS = "Several with spaces between them. There are " + " ".join(f"{{{name}}}" for name in PLACEHOLDERS) + "."


class DestinationsForm(Form):
    """One row of boxes per destination, and one more; a row without a registry is none."""

    def __init__(self, data: QueryDict | None = None, *, image: Image) -> None:
        known = list(image.destinations.all())
        super().__init__(data, initial=_initial([(row.registry_id, row.repository, row.tags) for row in known]))
        count = min(len(known) + 1, MAX_DESTINATIONS)
        choices = [("", "none"), *_registries(image.project)]
        for at in range(count):
            self.fields |= {f"{name}_{at}": field for name, field in _row(image.slug, choices, first=at == 0).items()}
        self.rows = [[self[f"{name}_{at}"] for name in PARTS] for at in range(count)]
        self.offers = len(choices) > 1

    def carried(self) -> dict[str, Any]:
        """The verb's arguments; what it finds wrong of its n-th destination is wrong in the row that this came from."""
        given = self.cleaned_data
        filled = [at for at in range(len(self.rows)) if given[f"registry_{at}"]]
        self.carries = {f"push.{number}.{name}": f"{name}_{at}" for number, at in enumerate(filled) for name in PARTS}
        return {"push": [_destination({name: given[f"{name}_{at}"] for name in PARTS}) for at in filled]}


class PushForm(Form):
    """Where a build that is there goes."""

    def __init__(self, data: QueryDict | None = None, *, build: Build) -> None:
        super().__init__(data, initial={"tags": " ".join(DEFAULT_TAGS)})
        choices = _registries(build.image.project)
        self.fields |= _row(build.image.slug, choices, first=True)
        self.fields["registry"].required = True
        self.offers = bool(choices)

    def carried(self) -> dict[str, Any]:
        """The verb's arguments."""
        return _destination(self.cleaned_data)


def _row(slug: str, choices: list[tuple[str, str]], *, first: bool) -> dict[str, forms.Field]:
    select = forms.Select(attrs={"class": "form-select"})
    usual = f"Nothing typed: {slug}, behind the registry's prefix."
    tags = f"Nothing typed: {' '.join(DEFAULT_TAGS)}. {KNOWN_TAGS if first else ''}"
    return {
        "registry": forms.ChoiceField(choices=choices, required=False, widget=select, label="Registry"),
        "repository": _text("Repository", usual if first else ""),
        "tags": _text("Tags", tags if first else ""),
    }


def _text(label: str, hint: str) -> forms.CharField:
    box = forms.TextInput(attrs={"class": "form-control mono", "spellcheck": "false"})
    return forms.CharField(required=False, max_length=SHORT, widget=box, label=label, help_text=hint)


def _registries(project: Project) -> list[tuple[str, str]]:
    rows = Registry.objects.usable_by(project)
    return [(row.id, f"{row.address}/{row.prefix}" if row.prefix else row.address) for row in rows]


def _initial(rows: list[tuple[str, str, list[str]]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for at, (registry, repository, tags) in enumerate(rows):
        found |= {f"registry_{at}": registry, f"repository_{at}": repository, f"tags_{at}": " ".join(tags)}
    return found


def _destination(given: dict[str, Any]) -> dict[str, Any]:
    tags = given["tags"].replace(",", " ").split()
    return {"registry": given["registry"], "repository": given["repository"], "tags": tags or None}
