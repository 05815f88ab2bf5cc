"""Access as a filter: what an actor may see of WHO. A stranger's row simply is not there.

Every room's querysets offer `visible_to(actor)`; they compare with `team_ids(actor)` and the token's project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from webapp.teams.models import Membership, Project, Team, Token
    from webapp.teams.policy import Actor


def team_ids(actor: Actor) -> list[str]:
    """The teams in which this actor has any role."""
    return list(actor.roles)


def in_projects_of(actor: Actor, path: str = "project") -> Q:
    """A filter for rows that hang on a project by `path` ('' when the row is the project itself)."""
    prefix = f"{path}__" if path else ""
    condition = Q(**{f"{prefix}team__in": team_ids(actor)})
    if actor.token is not None and actor.token.project_id is not None:
        condition &= Q(**{f"{prefix}id": actor.token.project_id})
    return condition


class TeamQuerySet(models.QuerySet["Team"]):
    def visible_to(self, actor: Actor) -> Self:
        """Teams the actor belongs to; a site admin sees all."""
        return self if actor.site_admin else self.filter(id__in=team_ids(actor))


class MembershipQuerySet(models.QuerySet["Membership"]):
    def visible_to(self, actor: Actor) -> Self:
        """Memberships of the actor's teams."""
        return self if actor.site_admin else self.filter(team__in=team_ids(actor))


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, actor: Actor) -> Self:
        """Projects of the actor's teams, or the one project its token is bound to."""
        return self.filter(in_projects_of(actor, path=""))


class TokenQuerySet(models.QuerySet["Token"]):
    def visible_to(self, actor: Actor) -> Self:
        """One's own tokens, and those of teams in which one may administer."""
        owned = [team for team, role in actor.roles.items() if role == "owner"]
        mine = Q(user=actor.user) if actor.user is not None else Q(pk__in=[])
        return self.filter(mine | Q(user__isnull=True, team__in=owned))
