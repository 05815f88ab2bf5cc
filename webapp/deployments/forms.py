"""Forms of services and of what is asked for: text boxes in, the verbs' settings out."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from webapp import writing
from webapp.deployments.models import DesiredState, Service
from webapp.deployments.settings import there
from webapp.deployments.settings.validation import DEFAULTS, HEALTH_KINDS, MAX_OVERRIDES, RESTART_POLICIES
from webapp.environments.models import Environment
from webapp.images.models import Build, Image
from webapp.page import Form, choose_from, code_box
from webapp.teams.models import Project

LONG = 64 * 1024
PLACEHOLDERS = {**DEFAULTS["limits"], "memory": writing.memory_text(DEFAULTS["limits"]["memory"])}


@dataclass(frozen=True)
class Place:
    """An environment's boxes, and the names of those in which something stands."""

    environment: Environment
    fields: tuple[forms.BoundField, ...]
    filled: tuple[str, ...]
    wrong: bool


class ServiceForm(Form):
    """What runs and how, and what differs by environment. Empty means the default, which stands as the placeholder."""

    carries = {f"settings.{path}": name for path, name in there.SETTINGS.items()}
    below = "services/places.html"
    groups = (
        ("What runs", ("slug", "image", "command", "ports", "replicas", "variables")),
        ("How it proves its health", ("health_kind", "health_port", "health_path", "health_command")),
        ("Limits and restarts", ("memory", "cpus", "pids", "restart", "stop_timeout")),
    )

    slug = forms.CharField(label="Short name", max_length=500, help_text="Lower-case letters, digits and hyphens.")
    image = forms.ModelChoiceField(queryset=Image.objects.none(), empty_label=None, label="Image")
    replicas = forms.IntegerField(required=False, label="Replicas", initial=1)
    command = forms.CharField(
        required=False,
        widget=code_box(3),
        max_length=LONG,
        label="Command",
        help_text="One word a line; one of several lines in quotes, as in JSON. Empty: the image's own.",
    )
    ports = forms.CharField(
        required=False,
        widget=code_box(2),
        max_length=LONG,
        label="Ports",
        help_text="One a line: 8080, or 9000:8080 for port 9000 of the host, or 53/udp.",
    )
    health_kind = forms.ChoiceField(
        choices=[(kind, kind) for kind in HEALTH_KINDS],
        label="Health check",
        help_text="tcp and http are asked from outside, command runs inside, image is the image's own HEALTHCHECK.",
    )
    health_port = forms.IntegerField(required=False, label="Health check: port")
    health_path = forms.CharField(required=False, max_length=2000, label="Health check: path of http")
    health_command = forms.CharField(
        required=False, widget=code_box(2), max_length=LONG, label="Health check: command", help_text="One word a line."
    )
    memory = forms.CharField(required=False, max_length=40, label="Memory at most", help_text="Such as 64m or 1g.")
    cpus = forms.FloatField(required=False, label="CPUs at most")
    pids = forms.IntegerField(required=False, label="Processes at most")
    restart = forms.ChoiceField(
        choices=[(policy, policy) for policy in RESTART_POLICIES], label="When it exits, restart"
    )
    stop_timeout = forms.IntegerField(required=False, label="Seconds to stop in")
    variables = forms.CharField(
        required=False, widget=code_box(3), max_length=LONG * 8, label="Variables", help_text="NAME=value, one a line."
    )

    def __init__(
        self, data: QueryDict | None = None, *, project: Project, service: Service | None = None, image: str = ""
    ) -> None:
        super().__init__(data, initial=initial(service) if service is not None else {"image": image or None})
        self.kept = service.settings if service is not None else {}
        self.overrides = service.overrides if service is not None else {}
        choose_from(self, "image", Image.objects.filter(project=project))
        for name in there.LIMITS:
            self.fields[name].widget.attrs["placeholder"] = PLACEHOLDERS[name]
        self.environments = list(Environment.objects.filter(project=project)[:MAX_OVERRIDES])
        for environment in self.environments:
            self._add(environment.slug)

    def _add(self, slug: str) -> None:
        values = there.shown(override=self.overrides.get(slug, {}), everywhere=self.kept)
        for name, field in there.boxes(everywhere=self.fields).items():
            self.fields[there.box(slug=slug, name=name)] = field
        self.initial.update({there.box(slug=slug, name=name): value for name, value in values.items()})
        paths = {f"overrides.{slug}.{path}": there.box(slug=slug, name=name) for path, name in there.SETTINGS.items()}
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
        settings: dict[str, Any] = {name: given[name] for name in there.NUMBERS if given[name] is not None}
        settings["command"] = writing.words(given["command"])
        settings["ports"] = writing.ports(given["ports"])
        settings["variables"] = writing.pairs(given["variables"])
        settings["limits"] = {name: given[name] for name in there.LIMITS if given[name] not in (None, "")}
        settings["restart"] = {**self.kept.get("restart", {}), "policy": given["restart"]}
        settings["health"] = {**there.health_times(self.kept.get("health", {})), **there.typed_health(given)}
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
    settings = service.settings
    health, limits = settings.get("health", {}), settings.get("limits", {})
    return {
        "slug": service.slug,
        "image": service.image_id,
        "replicas": settings.get("replicas", DEFAULTS["replicas"]),
        "command": writing.words_text(settings.get("command", [])),
        "ports": writing.ports_text(settings.get("ports", [])),
        "health_kind": health.get("kind", "none"),
        "health_port": health.get("port"),
        "health_path": health.get("path", ""),
        "health_command": writing.words_text(health.get("command", [])),
        **{name: limits.get(name) for name in there.LIMITS},
        "memory": writing.memory_text(limits.get("memory")),
        "restart": settings.get("restart", DEFAULTS["restart"])["policy"],
        "stop_timeout": settings.get("stop_timeout"),
        "variables": writing.pairs_text(settings.get("variables", {})),
    }


class DeployForm(Form):
    """Which build runs where."""

    environment = forms.ModelChoiceField(queryset=Environment.objects.none(), empty_label=None, label="Environment")
    build = forms.ModelChoiceField(queryset=Build.objects.none(), empty_label=None, label="Build")
    comment = forms.CharField(required=False, max_length=2000, label="Comment")

    def __init__(self, data: QueryDict | None = None, *, service: Service) -> None:
        super().__init__(data)
        choose_from(self, "environment", Environment.objects.filter(project=service.project_id))
        done = Build.objects.filter(image=service.image_id, state="succeeded", expired_at=None).order_by("-number")
        choose_from(self, "build", done)


class ScaleForm(Form):
    """How many copies run where."""

    environment = forms.ModelChoiceField(queryset=Environment.objects.none(), empty_label=None, label="Environment")
    replicas = forms.IntegerField(label="Replicas")

    def __init__(self, data: QueryDict | None = None, *, service: Service, environment: str = "") -> None:
        desired = DesiredState.objects.filter(service=service, environment=environment).first()
        asked = {"environment": environment, "replicas": desired.replicas if desired is not None else 1}
        super().__init__(data, initial=asked)
        choose_from(self, "environment", Environment.objects.filter(project=service.project_id))
