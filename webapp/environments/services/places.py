"""Environments: the ordered places of a project."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, RestrictedError

from webapp import authors, checks
from webapp.audit.services import Target, record_of
from webapp.environments.models import Environment
from webapp.environments.timetable import clean_freezes, clean_windows, write_freezes, write_windows
from webapp.environments.variables import check_variables
from webapp.hosts.models import Host
from webapp.problems import Conflicting, Invalid
from webapp.teams.models import Project
from webapp.teams.policy import Action, Actor, require

MAX_ENVIRONMENTS = 50
MAX_HOSTS = 100
MAX_RANK = 1000
MAX_APPROVALS = 10
MAX_APPROVAL_HOURS = 168


def create_environment(
    *,
    actor: Actor,
    project: Project,
    slug: str,
    rank: int,
    protected: bool = False,
    required_approvals: int = 0,
    approval_hours: int = 24,
    allow_skipping: bool | None = None,
    windows: object = (),
    freezes: object = (),
    hosts: Sequence[Host] = (),
    variables: Mapping[str, str] | None = None,
) -> Environment:
    """A new place. Its hosts must serve the project's team. `allow_skipping` None: only where it is not protected."""
    require(actor, Action.OPERATE, project)
    checks.slug(slug)
    environment = Environment(
        project=project,
        slug=slug,
        rank=rank,
        protected=protected,
        required_approvals=required_approvals,
        approval_hours=approval_hours,
        allow_skipping=not protected if allow_skipping is None else allow_skipping,
        windows=clean_windows(windows),
        freezes=clean_freezes(freezes),
        variables=check_variables(variables or {}),
    )
    _check_order(environment)
    _check_hosts(hosts, project)
    if Environment.objects.filter(project=project).count() >= MAX_ENVIRONMENTS:
        raise Conflicting(code="environment.too_many", detail=f"A project has at most {MAX_ENVIRONMENTS} environments.")
    try:
        with transaction.atomic():
            environment.save(force_insert=True)
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
    approval_hours: int | None = None,
    allow_skipping: bool | None = None,
    windows: object = None,
    freezes: object = None,
    hosts: Sequence[Host] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Environment:
    """Change what is given, leave the rest. Variables are for whoever may define things, the place for operators.

    What becomes protected takes nothing that skipped an environment, unless that is said. What runs there goes on as
    it is until the next deployment; what waits there meets the place as it is when it starts.
    """
    project = environment.project
    given: dict[str, Any] = {
        "slug": slug,
        "rank": rank,
        "protected": protected,
        "required_approvals": 0 if protected is False and required_approvals is None else required_approvals,
        "approval_hours": approval_hours,
        "allow_skipping": allow_skipping,
        "windows": None if windows is None else clean_windows(windows),
        "freezes": None if freezes is None else clean_freezes(freezes),
    }
    place = [*given.values(), hosts]
    require(actor, Action.DEFINE if all(field is None for field in place) else Action.OPERATE, project)
    if slug is not None:
        checks.slug(slug)
    if hosts is not None:
        _check_hosts(hosts, project)
    if variables is not None:
        given["variables"] = check_variables(variables)
    try:
        return _change(actor, environment, given, hosts)
    except IntegrityError as error:
        raise _taken(slug or environment.slug, environment.rank if rank is None else rank) from error


def _change(
    actor: Actor, environment: Environment, given: Mapping[str, Any], hosts: Sequence[Host] | None
) -> Environment:
    with transaction.atomic():
        rows = Environment.objects.select_for_update(of=("self",)).select_related("project__team")
        current: Environment = rows.get(id=environment.id)
        before, parts = _state(current, current.hosts.all()), _parts(current)
        if given["protected"] and not current.protected and given["allow_skipping"] is None:
            current.allow_skipping = False
        for name, value in given.items():
            if value is not None:
                setattr(current, name, value)
        _check_order(current)
        if hosts is not None:
            current.hosts.set(hosts)
        current.changed_by = authors.noted(
            current.changed_by, before=parts, after=_parts(current), person=actor.person_id()
        )
        current.save()
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
    return current


def _parts(environment: Environment) -> dict[str, object]:
    """What a plan takes from here, part by part: what two people must have looked at."""
    hosts = sorted(environment.hosts.values_list("id", flat=True))
    return {"hosts": hosts, **{f"variables.{name}": value for name, value in environment.variables.items()}}


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


def _check_order(environment: Environment) -> None:
    if not 0 <= environment.rank <= MAX_RANK:
        raise Invalid({"rank": [f"From 0 to {MAX_RANK}."]})
    if not 0 <= environment.required_approvals <= MAX_APPROVALS:
        raise Invalid({"required_approvals": [f"From 0 to {MAX_APPROVALS}."]})
    if environment.required_approvals and not environment.protected:
        raise Invalid({"required_approvals": ["Only a protected environment asks for approvals."]})
    if not 1 <= environment.approval_hours <= MAX_APPROVAL_HOURS:
        raise Invalid({"approval_hours": [f"From 1 to {MAX_APPROVAL_HOURS} hours."]})


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
        "approval_hours": environment.approval_hours,
        "allow_skipping": environment.allow_skipping,
        "windows": write_windows(environment.windows).splitlines(),
        "freezes": write_freezes(environment.freezes).splitlines(),
        "hosts": sorted(host.name for host in hosts),
        "variables": sorted(environment.variables),
    }


def _target(environment: Environment) -> Target:
    return ("environment", environment.id, environment.slug)
