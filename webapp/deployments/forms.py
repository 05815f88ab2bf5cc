"""Forms of services and of what is asked for: text boxes in, the verbs' settings out."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from webapp.deployments.models import DesiredState, Service
from webapp.deployments.settings import there
from webapp.deployments.settings.aspects import ASPECTS
from webapp.deployments.settings.sections import SECTIONS
from webapp.deployments.settings.validation import MAX_OVERRIDES
from webapp.environments.models import Environment
from webapp.images import supply
from webapp.images.models import Build, Image
from webapp.page import Form, choose_from
from webapp.teams.models import Project


@dataclass(frozen=True)
class Place:
    """An environment's boxes, and the names of those in which something stands."""

    environment: Environment
    fields: tuple[forms.BoundField, ...]
    filled: tuple[str, ...]
    wrong: bool


class ServiceForm(Form):
    """What runs and how, and what differs by environment. Empty means the default, which stands as the placeholder."""

    carries = {f"settings.{path}": name for path, name in there.CARRIES.items()}
    below = "services/places.html"

    slug = forms.CharField(label="Short name", max_length=500, help_text="Lower-case letters, digits and hyphens.")
    image = forms.ModelChoiceField(queryset=Image.objects.none(), empty_label=None, label="Image")

    def __init__(
        self, data: QueryDict | None = None, *, project: Project, service: Service | None = None, image: str = ""
    ) -> None:
        super().__init__(data, initial=initial(service) if service is not None else {"image": image or None})
        self.kept = service.settings if service is not None else {}
        self.overrides = service.overrides if service is not None else {}
        choose_from(self, "image", Image.objects.filter(project=project))
        for aspect in ASPECTS:
            self.add(aspect.boxes())
        self.groups = tuple((title, _boxes_of(title)) for title in SECTIONS)
        self.environments = list(Environment.objects.filter(project=project)[:MAX_OVERRIDES])
        for environment in self.environments:
            self._add(environment.slug)

    def _add(self, slug: str) -> None:
        values = there.shown(override=self.overrides.get(slug, {}), everywhere=self.kept)
        self.add({there.box(slug=slug, name=name): field for name, field in there.boxes().items()})
        self.initial.update({there.box(slug=slug, name=name): value for name, value in values.items()})
        paths = {f"overrides.{slug}.{path}": there.box(slug=slug, name=name) for path, name in there.CARRIES.items()}
        self.carries = {**self.carries, **paths}

    def places(self) -> list[Place]:
        """The environments with their boxes, in their order."""
        return [self._place(environment) for environment in self.environments]

    def _place(self, environment: Environment) -> Place:
        fields = [self[there.box(slug=environment.slug, name=name)] for name in there.BOXES]
        filled = [str(field.label).lower() for field in fields if field.value() not in (None, "")]
        return Place(environment, tuple(fields), tuple(filled), wrong=any(field.errors for field in fields))

    def carried(self) -> dict[str, Any]:
        """The verb's arguments."""
        given = self.cleaned_data
        said = {aspect.name: aspect.carried(given, self.kept.get(aspect.name)) for aspect in ASPECTS}
        settings = {name: value for name, value in said.items() if value is not None}
        return {
            "slug": given["slug"],
            "image": given["image"],
            "settings": settings,
            "overrides": self._overrides(settings),
        }

    def _overrides(self, settings: dict[str, Any]) -> dict[str, Any]:
        found = {}
        for slug in (environment.slug for environment in self.environments):
            given = {name: self.cleaned_data[there.box(slug=slug, name=name)] for name in there.BOXES}
            found[slug] = there.carried(given=given, everywhere=settings, former=self.overrides.get(slug, {}))
        return {slug: override for slug, override in found.items() if override}


def initial(service: Service) -> dict[str, Any]:
    """A service as the form shows it."""
    values: dict[str, Any] = {"slug": service.slug, "image": service.image_id}
    for aspect in ASPECTS:
        values |= aspect.shown(service.settings.get(aspect.name, aspect.unsaid()))
    return values


def _boxes_of(title: str) -> tuple[str, ...]:
    """The names of the boxes in this section, the first of which has what every service has too."""
    own = ("slug", "image") if title == SECTIONS[0] else ()
    return own + tuple(name for aspect in ASPECTS if aspect.section == title for name in aspect.boxes())


class DeployForm(Form):
    """Which build runs where."""

    environment = forms.ModelChoiceField(queryset=Environment.objects.none(), empty_label=None, label="Environment")
    build = forms.ModelChoiceField(queryset=Build.objects.none(), empty_label=None, label="Build")
    comment = forms.CharField(required=False, max_length=2000, label="Comment")

    def __init__(self, data: QueryDict | None = None, *, service: Service, hurries: bool = False) -> None:
        super().__init__(data)
        if hurries:
            self.add({"emergency": _emergency()})
        choose_from(self, "environment", Environment.objects.filter(project=service.project_id))
        done = supply.runnable(Build.objects.filter(image=service.image_id)).order_by("-number")
        choose_from(self, "build", done)


class ScaleForm(Form):
    """How many copies run where."""

    environment = forms.ModelChoiceField(queryset=Environment.objects.none(), empty_label=None, label="Environment")
    replicas = forms.IntegerField(label="Replicas")

    def __init__(
        self, data: QueryDict | None = None, *, service: Service, environment: str = "", hurries: bool = False
    ) -> None:
        desired = DesiredState.objects.filter(service=service, environment=environment).first()
        asked = {"environment": environment, "replicas": desired.replicas if desired is not None else 1}
        super().__init__(data, initial=asked)
        if hurries:
            self.add({"emergency": _emergency()})
        choose_from(self, "environment", Environment.objects.filter(project=service.project_id))


def _emergency() -> forms.CharField:
    """For who may. Empty is none."""
    return forms.CharField(
        required=False,
        max_length=2000,
        label="Emergency: why it cannot wait",
        help_text="Only then: it goes past approvals, windows, freezes and skipped environments at once, everybody is "
        "told, and somebody else owes a review.",
    )
