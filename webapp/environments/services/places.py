"""Environments: the ordered places of a project."""

from collections.abc import Iterable, Mapping, Sequence

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, RestrictedError

from webapp import checks
from webapp.audit.services import Target, record_of
from webapp.environments.models import Environment
from webapp.environments.variables import check_variables
from webapp.hosts.models import Host
from webapp.problems import Conflicting, Invalid
from webapp.teams.models import Project
from webapp.teams.policy import Action, Actor, require

MAX_ENVIRONMENTS = 50
MAX_HOSTS = 100
MAX_RANK = 1000
MAX_APPROVALS = 10


def create_environment(
    *,
    actor: Actor,
    project: Project,
    slug: str,
    rank: int,
    protected: bool = False,
    required_approvals: int = 0,
    hosts: Sequence[Host] = (),
    variables: Mapping[str, str] | None = None,
) -> Environment:
    """A new place. Its hosts must serve the project's team."""
    require(actor, Action.OPERATE, project)
    checks.slug(slug)
    _check_order(rank, protected, required_approvals)
    kept = check_variables(variables or {})
    _check_hosts(hosts, project)
    if Environment.objects.filter(project=project).count() >= MAX_ENVIRONMENTS:
        raise Conflicting(code="environment.too_many", detail=f"A project has at most {MAX_ENVIRONMENTS} environments.")
    try:
        with transaction.atomic():
            environment = Environment.objects.create(
                project=project,
                slug=slug,
                rank=rank,
                protected=protected,
                required_approvals=required_approvals,
                variables=kept,
            )
            environment.hosts.set(hosts)
            record_of(
                environment.project,
                actor=actor,
                action="environment.created",
                target=_target(environment),
                after=_state(environment, hosts),
            )
    except IntegrityError as error:
        raise _taken(slug, rank) from error
    return environment


def change_environment(
    *,
    actor: Actor,
    environment: Environment,
    slug: str | None = None,
    rank: int | None = None,
    protected: bool | None = None,
    required_approvals: int | None = None,
    hosts: Sequence[Host] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Environment:
    """Change what is given, leave the rest. Variables are for whoever may define things, the place for operators.

    What runs there goes on as it is until the next deployment.
    """
    project = environment.project
    place = (slug, rank, protected, required_approvals, hosts)
    require(actor, Action.DEFINE if all(field is None for field in place) else Action.OPERATE, project)
    if slug is not None:
        checks.slug(slug)
    if hosts is not None:
        _check_hosts(hosts, project)
    try:
        with transaction.atomic():
            rows = Environment.objects.select_for_update(of=("self",)).select_related("project__team")
            current: Environment = rows.get(id=environment.id)
            before = _state(current, current.hosts.all())
            current.slug = current.slug if slug is None else slug
            current.rank = current.rank if rank is None else rank
            current.protected = current.protected if protected is None else protected
            if required_approvals is not None:
                current.required_approvals = required_approvals
            elif protected is False:
                current.required_approvals = 0
            if variables is not None:
                current.variables = check_variables(variables)
            _check_order(current.rank, current.protected, current.required_approvals)
            current.save()
            if hosts is not None:
                current.hosts.set(hosts)
            after = _state(current, current.hosts.all())
            if before != after:
                record_of(
                    current.project,
                    actor=actor,
                    action="environment.changed",
                    target=_target(current),
                    before=before,
                    after=after,
                )
    except IntegrityError as error:
        raise _taken(slug or environment.slug, environment.rank if rank is None else rank) from error
    return current


def delete_environment(*, actor: Actor, environment: Environment) -> None:
    """Remove a place. Refused while something was deployed there that is still kept: 409. Twice is once."""
    require(actor, Action.OPERATE, environment.project)
    with transaction.atomic():
        before = _state(environment, environment.hosts.all())
        try:
            gone, _ = Environment.objects.filter(id=environment.id).delete()
        except (ProtectedError, RestrictedError) as error:
            raise Conflicting(
                code="environment.in_use",
                detail="Something runs here, or its history is kept. Delete those services first.",
            ) from error
        if gone:
            record_of(
                environment.project,
                actor=actor,
                action="environment.deleted",
                target=_target(environment),
                before=before,
            )


def _check_order(rank: int, protected: bool, required_approvals: int) -> None:
    if not 0 <= rank <= MAX_RANK:
        raise Invalid({"rank": [f"From 0 to {MAX_RANK}."]})
    if not 0 <= required_approvals <= MAX_APPROVALS:
        raise Invalid({"required_approvals": [f"From 0 to {MAX_APPROVALS}."]})
    if required_approvals and not protected:
        raise Invalid({"required_approvals": ["Only a protected environment asks for approvals."]})


def _check_hosts(hosts: Sequence[Host], project: Project) -> None:
    if len(hosts) > MAX_HOSTS:
        raise Invalid({"hosts": [f"At most {MAX_HOSTS} hosts."]})
    wanted = {host.id for host in hosts}
    serving = Host.objects.serving(project.team_id).exclude(credential_digest="")
    if serving.filter(id__in=wanted).count() != len(wanted):
        raise Invalid({"hosts": ["A host that does not serve this team."]})


def _taken(slug: str, rank: int) -> Conflicting:
    return Conflicting(
        code="environment.taken", detail=f"This project has an environment {slug}, or one of rank {rank}, already."
    )


def _state(environment: Environment, hosts: Iterable[Host]) -> dict[str, object]:
    """For the trail. Variables by their names only: people put into them what they should not."""
    return {
        "slug": environment.slug,
        "rank": environment.rank,
        "protected": environment.protected,
        "required_approvals": environment.required_approvals,
        "hosts": sorted(host.name for host in hosts),
        "variables": sorted(environment.variables),
    }


def _target(environment: Environment) -> Target:
    return ("environment", environment.id, environment.slug)
