"""Projects of a team."""

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, RestrictedError

from webapp import checks
from webapp.audit.services import Target, record_of
from webapp.problems import Conflicting, Forbidden
from webapp.teams.models import Project, Team
from webapp.teams.policy import Action, Actor, require

MAX_PROJECTS = 500


def create_project(*, actor: Actor, team: Team, slug: str, name: str) -> Project:
    """A new, empty project. Whoever may define things in the team may make one."""
    require(actor, Action.DEFINE, team)
    checks.slug(slug)
    name = checks.title(name)
    if Project.objects.filter(team=team).count() >= MAX_PROJECTS:
        raise Conflicting(code="project.too_many", detail=f"A team has at most {MAX_PROJECTS} projects.")
    try:
        with transaction.atomic():
            project = Project.objects.create(team=team, slug=slug, name=name)
            record_of(
                project,
                actor=actor,
                action="project.created",
                target=_target(project),
                after={"slug": slug, "name": name},
            )
    except IntegrityError as error:
        raise Conflicting(code="project.slug_taken", detail=f"This team has a project {slug} already.") from error
    return project


def rename_project(*, actor: Actor, project: Project, name: str) -> Project:
    """Another name for people; the slug stays."""
    require(actor, Action.DEFINE, project)
    name = checks.title(name)
    with transaction.atomic():
        before = Project.objects.select_for_update().get(id=project.id).name
        if before != name:
            Project.objects.filter(id=project.id).update(name=name)
            record_of(
                project,
                actor=actor,
                action="project.renamed",
                target=_target(project),
                before={"name": before},
                after={"name": name},
            )
    project.name = name
    return project


def delete_project(*, actor: Actor, project: Project) -> None:
    """Remove a project. Refused while something in it is kept by what was built or runs: 409."""
    require(actor, Action.ADMINISTER, project)
    if actor.token is not None and actor.token.project_id is not None:
        raise Forbidden(code="token.scope", detail="A token that is bound to a project cannot delete it.")
    with transaction.atomic():
        record_of(
            project,
            actor=actor,
            action="project.deleted",
            target=_target(project),
            before={"slug": project.slug, "name": project.name},
        )
        try:
            Project.objects.filter(id=project.id).delete()
        except (ProtectedError, RestrictedError) as error:
            raise Conflicting(
                code="project.in_use", detail="This project still holds images, services or what they made."
            ) from error


def _target(project: Project) -> Target:
    return ("project", project.id, project.slug)
