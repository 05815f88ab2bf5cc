"""Secrets: written, replaced by a newer version, retired; never read back by a person."""

from django.db import transaction
from django.db.models import Max
from django.utils.timezone import now

from webapp.audit.services import record_of
from webapp.environments import vault
from webapp.environments.models import Environment, Secret, Use
from webapp.environments.querysets import SecretQuerySet
from webapp.environments.variables import check_name, check_value
from webapp.problems import Conflicting, Invalid
from webapp.teams.models import Project
from webapp.teams.policy import Action, Actor, may, require

MAX_SECRET_BYTES = 64 * 1024
MAX_NAMES = 500
SHORTEST_FOR_BUILDS = 6  # characters: a shorter one is not masked in logs (runtime.redaction), and steps like to talk
SAID: dict[str, str] = {
    Use.VARIABLE: "a variable of containers",
    Use.CREDENTIAL: "a credential for fetching sources",
    Use.BUILD: "a secret of builds",
}


def set_secret(
    *,
    actor: Actor,
    project: Project,
    environment: Environment | None,
    name: str,
    value: str,
    use: str | None = None,
) -> Secret:
    """A new version. Without an environment it is for the whole project; an environment's own goes before it.

    `use` None: as the versions before; a variable when there are none. Another one than theirs is `Conflicting`.
    """
    require(actor, _needed(project, environment), project)
    if environment is not None and environment.project_id != project.id:
        raise Invalid({"environment": ["This environment is of another project."]})
    check_name(name, field="name")
    check_value(value, field="value", limit=MAX_SECRET_BYTES)
    if not value:
        raise Invalid({"value": ["A secret is not empty."]})
    if use is not None and use not in Use.values:
        raise Invalid({"use": [f"This must be one of: {', '.join(Use.values)}."]})
    with transaction.atomic():
        Project.objects.select_for_update().get(id=project.id)
        versions = Secret.objects.filter(project=project, environment=environment, name=name)
        last = versions.aggregate(last=Max("version"))["last"] or 0
        if not last and _names(project) >= MAX_NAMES:
            raise Conflicting(code="secret.too_many", detail=f"A project has at most {MAX_NAMES} secrets.")
        chosen = _use(versions, environment, name, use)
        _check_maskable(chosen, value)
        secret = Secret.objects.create(
            project=project,
            environment=environment,
            name=name,
            use=chosen,
            version=last + 1,
            ciphertext=vault.encrypt(value),
            created_by_id=actor.person_id(),
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
        if versions.update(retired_at=now(), retired_by=actor.person_id()):
            _record(actor, "secret.retired", secret)


def current_secrets(environment: Environment) -> dict[str, Secret]:
    """What a release made now would freeze: the newest versions, the environment's own before the project's.

    Variables only: what signs in to fetch a source is nothing that a container needs.
    """
    variables = Secret.objects.filter(use=Use.VARIABLE)
    everywhere = variables.filter(project_id=environment.project_id, environment=None)
    return everywhere.current() | variables.filter(environment=environment).current()


def find_credential(*, project: Project, name: str) -> Secret | None:
    """What a source signs in with: the project's newest secret of this name; None when there is none.

    Raises `Conflicting` when the name is that of a variable.
    """
    secret = Secret.objects.filter(project=project, environment=None, name=name).current().get(name)
    if secret is not None and secret.use != Use.CREDENTIAL:
        raise Conflicting(
            code="secret.not_a_credential",
            detail=f"The secret {name} is a variable of containers. Keep the sign-in as a secret of another name, "
            "to sign in with when a source is fetched, and name that one.",
        )
    return secret


def find_build_secret(*, project: Project, name: str) -> Secret | None:
    """What steps of a build may mount: the project's newest secret of this name; None when there is none.

    Raises `Conflicting` when the name is kept for something else: who may write a Dockerfile reads what it mounts, so
    only what was set for builds is given to them.
    """
    secret = Secret.objects.filter(project=project, environment=None, name=name).current().get(name)
    if secret is not None and secret.use != Use.BUILD:
        raise Conflicting(
            code="secret.not_for_builds",
            detail=f"The secret {name} is {SAID[secret.use]}. Keep the value as a secret of another name that is for "
            "builds, and name that one.",
        )
    return secret


def may_set_secret(actor: Actor, project: Project, environment: Environment | None) -> bool:
    """Whether the actor may set and retire secrets of this place."""
    return may(actor, _needed(project, environment), project)


def _needed(project: Project, environment: Environment | None) -> Action:
    """What is for the whole project reaches its protected environments too."""
    if environment is not None:
        return Action.SET_SECRET_PROTECTED if environment.protected else Action.SET_SECRET
    guarded = Environment.objects.filter(project=project, protected=True).exists()
    return Action.SET_SECRET_PROTECTED if guarded else Action.SET_SECRET


def _use(versions: SecretQuerySet, environment: Environment | None, name: str, use: str | None) -> str:
    """The use of a new version: that of those which are not retired."""
    before = versions.current().get(name)
    if use is not None and before is not None and use != before.use:
        raise Conflicting(
            code="secret.other_use",
            detail=f"{name} is kept as {SAID[before.use]}. Take another name, or retire it first.",
        )
    chosen = use or (before.use if before is not None else Use.VARIABLE)
    if chosen != Use.VARIABLE and environment is not None:
        raise Invalid({"environment": ["This is for the whole project: builds belong to no environment."]})
    return chosen


def _check_maskable(use: str, value: str) -> None:
    longest = max((len(line.strip()) for line in value.splitlines()), default=0)
    if use == Use.BUILD and longest < SHORTEST_FOR_BUILDS:
        said = f"A secret of builds has at least {SHORTEST_FOR_BUILDS} characters: a shorter one is not masked in logs."
        raise Invalid({"value": [said]})


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
            "use": secret.use,
            "version": secret.version,
            "environment": secret.environment.slug if secret.environment is not None else None,
        },
    )
