"""Secrets: written, replaced by a newer version, retired; never read back by a person."""

from django.db import transaction
from django.db.models import Max
from django.utils.timezone import now

from webapp.audit.services import record_of
from webapp.environments import vault
from webapp.environments.models import Environment, Secret
from webapp.environments.variables import check_name, check_value
from webapp.problems import Conflicting, Invalid
from webapp.teams.models import Project
from webapp.teams.policy import Action, Actor, may, require

MAX_SECRET_BYTES = 64 * 1024
MAX_NAMES = 500


def set_secret(*, actor: Actor, project: Project, environment: Environment | None, name: str, value: str) -> Secret:
    """A new version. Without an environment it is for the whole project; an environment's own goes before it."""
    require(actor, _needed(project, environment), project)
    if environment is not None and environment.project_id != project.id:
        raise Invalid({"environment": ["This environment is of another project."]})
    check_name(name, field="name")
    check_value(value, field="value", limit=MAX_SECRET_BYTES)
    if not value:
        raise Invalid({"value": ["A secret is not empty."]})
    with transaction.atomic():
        Project.objects.select_for_update().get(id=project.id)
        versions = Secret.objects.filter(project=project, environment=environment, name=name)
        last = versions.aggregate(last=Max("version"))["last"] or 0
        if not last and _names(project) >= MAX_NAMES:
            raise Conflicting(code="secret.too_many", detail=f"A project has at most {MAX_NAMES} secrets.")
        secret = Secret.objects.create(
            project=project,
            environment=environment,
            name=name,
            version=last + 1,
            ciphertext=vault.encrypt(value),
            created_by=actor.user,
        )
        _record(actor, "secret.set", secret)
    return secret


def retire_secret(*, actor: Actor, secret: Secret) -> None:
    """No release made from now on gets it, in any version; those that name one keep it. Done twice: nothing changes."""
    require(actor, _needed(secret.project, secret.environment), secret.project)
    with transaction.atomic():
        versions = Secret.objects.filter(
            project_id=secret.project_id, environment_id=secret.environment_id, name=secret.name, retired_at=None
        )
        if versions.update(retired_at=now()):
            _record(actor, "secret.retired", secret)


def current_secrets(environment: Environment) -> dict[str, Secret]:
    """What a release made now would freeze: the newest versions, the environment's own before the project's."""
    everywhere = Secret.objects.filter(project_id=environment.project_id, environment=None)
    return everywhere.current() | Secret.objects.filter(environment=environment).current()


def may_set_secret(actor: Actor, project: Project, environment: Environment | None) -> bool:
    """Whether the actor may set and retire secrets of this place."""
    return may(actor, _needed(project, environment), project)


def _needed(project: Project, environment: Environment | None) -> Action:
    """What is for the whole project reaches its protected environments too."""
    if environment is not None:
        return Action.SET_SECRET_PROTECTED if environment.protected else Action.SET_SECRET
    guarded = Environment.objects.filter(project=project, protected=True).exists()
    return Action.SET_SECRET_PROTECTED if guarded else Action.SET_SECRET


def _names(project: Project) -> int:
    return Secret.objects.filter(project=project).values("name", "environment").distinct().order_by().count()


def _record(actor: Actor, action: str, secret: Secret) -> None:
    record_of(
        secret.project,
        actor=actor,
        action=action,
        target=("secret", secret.id, secret.name),
        after={
            "name": secret.name,
            "version": secret.version,
            "environment": secret.environment.slug if secret.environment is not None else None,
        },
    )
