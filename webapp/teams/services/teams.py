"""Teams themselves."""

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from webapp import checks
from webapp.audit.services import record
from webapp.problems import Conflicting, Forbidden
from webapp.teams import rights
from webapp.teams.guards import require_administer, require_person
from webapp.teams.models import Membership, Role, Team
from webapp.teams.policy import Actor

MAX_TEAMS_MADE_PER_PERSON = 200


def create_team(*, actor: Actor, slug: str, name: str) -> Team:
    """A new team, whose owner is the one who makes it."""
    person = require_person(actor)
    if not (settings.ANYONE_MAKES_TEAMS or actor.site_admin):
        raise Forbidden(code="team.site_admin_makes", detail="Here only a site admin makes teams. Ask one.")
    checks.slug(slug)
    name = checks.title(name)
    if Membership.objects.filter(user=person, role=Role.OWNER).count() >= MAX_TEAMS_MADE_PER_PERSON:
        raise Conflicting(code="team.too_many", detail=f"Nobody owns more than {MAX_TEAMS_MADE_PER_PERSON} teams.")
    try:
        with transaction.atomic():
            team = Team.objects.create(slug=slug, name=name)
            Membership.objects.create(team=team, user=person, role=Role.OWNER)
            record(
                actor=actor,
                action="team.created",
                target_type="team",
                target_id=team.id,
                target=slug,
                team_id=team.id,
                after={"slug": slug, "name": name},
            )
    except IntegrityError as error:
        raise Conflicting(code="team.slug_taken", detail=f"There is a team {slug} already.") from error
    return team


def rename_team(*, actor: Actor, team: Team, name: str) -> Team:
    """Another name for people; the slug stays."""
    require_administer(actor, team)
    name = checks.title(name)
    with transaction.atomic():
        before = Team.objects.select_for_update().get(id=team.id).name
        if before != name:
            Team.objects.filter(id=team.id).update(name=name)
            record(
                actor=actor,
                action="team.renamed",
                target_type="team",
                target_id=team.id,
                target=team.slug,
                team_id=team.id,
                before={"name": before},
                after={"name": name},
            )
    team.name = name
    return team


def delete_team(*, actor: Actor, team: Team) -> None:
    """Remove a team that has no project (any more), with its memberships, invitations and tokens."""
    require_administer(actor, team)
    with transaction.atomic():
        rights.lessened(*team.memberships.values_list("user_id", flat=True))
        record(
            actor=actor,
            action="team.deleted",
            target_type="team",
            target_id=team.id,
            target=team.slug,
            team_id=team.id,
            before={"slug": team.slug, "name": team.name},
        )
        try:
            Team.objects.filter(id=team.id).delete()
        except ProtectedError as error:
            raise Conflicting(code="team.not_empty", detail="This team has projects. Delete them first.") from error
