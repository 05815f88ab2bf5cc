"""Questions that several verbs of teams ask before they act."""

from webapp.problems import Conflicting, Forbidden, Invalid
from webapp.teams.models import Membership, Role, Team, User
from webapp.teams.policy import ROLE_ORDER, Action, Actor, Scope, require


def require_administer(actor: Actor, team: Team) -> None:
    """An owner of the team, or a site admin, who manages teams without being a member."""
    if not actor.site_admin:
        require(actor, Action.ADMINISTER, team)


def require_person(actor: Actor) -> User:
    """The person who asks: signed in, or by a token with the scope admin that is bound to no team or project."""
    if actor.user is None:
        raise Forbidden(code="authz.person", detail="Only a person may do this, not a team's token.")
    token = actor.token
    if token is not None and (Scope.ADMIN not in token.scopes or token.team_id or token.project_id):
        raise Forbidden(
            code="token.scope", detail="This needs a token with the scope admin that is bound to no team or project."
        )
    return actor.user


def require_role_within(actor: Actor, team: Team, role: str) -> None:
    """Nobody gives or takes a role above their own. A site admin stands outside of this order."""
    if role not in Role.values:
        raise Invalid({"role": [f"One of {', '.join(Role.values)}."]})
    if actor.site_admin or actor.is_system:
        return
    own = actor.roles.get(team.id)
    if own is None or ROLE_ORDER.index(role) > ROLE_ORDER.index(own):
        raise Forbidden(code="team.denied", detail=f"Your own role in this team is below {role}.")


def require_another_owner(team: Team, membership: Membership) -> None:
    """Refuse to take away the last owner. To be called with the team's row locked."""
    if membership.role != Role.OWNER:
        return
    others = Membership.objects.filter(team=team, role=Role.OWNER, user__is_active=True).exclude(id=membership.id)
    if not others.exists():
        raise Conflicting(
            code="team.last_owner", detail="A team keeps at least one owner. Make somebody else owner first."
        )
