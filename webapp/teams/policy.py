"""Who may do what: one table, asked by every verb. Pure but for the actor's own memberships.

A right is a named action. A request's credential (a person's session, a person's token, a team's token) becomes an
`Actor`; services take the actor and ask `require(actor, action, project_or_team)`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from webapp.problems import Forbidden
from webapp.teams.models import Project, Role, Team, Token, User


class Action(StrEnum):
    """Every right there is."""

    SEE = "see"
    DEFINE = "define"  # images, services, variables
    BUILD = "build"  # run, cancel, retry builds; commit a container
    DEPLOY = "deploy"  # deploy, promote, roll back, scale, restart, stop, move: unprotected
    REQUEST = "request"  # the same in a protected environment: it waits for approval
    DEPLOY_PROTECTED = "deploy_protected"  # carry it out there where no approval is required
    APPROVE = "approve"
    EMERGENCY = "emergency"  # go past approvals, windows, freezes and skipped environments; reviewed afterwards
    ENTER = "enter"  # terminal and commit: unprotected
    ENTER_PROTECTED = "enter_protected"
    SET_SECRET = "set_secret"  # in an unprotected environment, or for the whole project
    SET_SECRET_PROTECTED = "set_secret_protected"
    OPERATE = "operate"  # environments, protection, registries, hooks, hosts given to the team, drain
    ADMINISTER = "administer"  # members, roles, team tokens, deleting a project


class Scope(StrEnum):
    """What a token may be cut down to."""

    READ = "read"
    BUILD = "build"
    DEPLOY = "deploy"
    APPROVE = "approve"
    ADMIN = "admin"


_VIEWER = frozenset({Action.SEE})
_DEVELOPER = _VIEWER | {
    Action.DEFINE,
    Action.BUILD,
    Action.DEPLOY,
    Action.REQUEST,
    Action.ENTER,
    Action.SET_SECRET,
}
_OPERATOR = _DEVELOPER | {
    Action.DEPLOY_PROTECTED,
    Action.APPROVE,
    Action.EMERGENCY,
    Action.ENTER_PROTECTED,
    Action.SET_SECRET_PROTECTED,
    Action.OPERATE,
}
_OWNER = _OPERATOR | {Action.ADMINISTER}

ROLES: Mapping[str, frozenset[Action]] = {
    Role.VIEWER: _VIEWER,
    Role.DEVELOPER: _DEVELOPER,
    Role.OPERATOR: _OPERATOR,
    Role.OWNER: _OWNER,
}
ROLE_ORDER: tuple[str, ...] = (Role.VIEWER, Role.DEVELOPER, Role.OPERATOR, Role.OWNER)

SCOPES: Mapping[str, frozenset[Action]] = {
    Scope.READ: frozenset({Action.SEE}),
    Scope.BUILD: frozenset({Action.SEE, Action.BUILD}),
    Scope.DEPLOY: frozenset({Action.SEE, Action.DEPLOY, Action.REQUEST, Action.DEPLOY_PROTECTED}),
    Scope.APPROVE: frozenset({Action.SEE, Action.APPROVE}),
    Scope.ADMIN: frozenset(Action),
}
OF_HOOKS: frozenset[Action] = frozenset({Action.BUILD})  # in the hook's own project


@dataclass(frozen=True)
class HookBearer:
    """A hook of a project, as far as rights go: it may build there, and nothing else anywhere."""

    id: str
    name: str
    project_id: str


@dataclass(frozen=True)
class Actor:
    """Who asks, as far as rights go. `user` is None for a team's token, for a hook and for Slipway itself."""

    user: User | None
    token: Token | None = None
    roles: Mapping[str, str] = field(default_factory=dict)  # team id -> role
    site_admin: bool = False
    ip: str = ""
    request_id: str = ""
    is_system: bool = False
    hook: HookBearer | None = None

    @property
    def label(self) -> str:
        """The name in the audit trail."""
        if self.user is not None:
            return self.user.username
        if self.token is not None:
            return f"token {self.token.name}"
        if self.hook is not None:
            return f"hook {self.hook.name}"
        return "slipway"

    def person_id(self) -> str | None:
        """The human behind the request: for four eyes a person's token is that person."""
        if self.user is not None:
            return self.user.id
        return self.token.created_by_id if self.token is not None else None


SYSTEM = Actor(user=None, is_system=True)


def actor_for_user(user: User, *, ip: str = "", request_id: str = "") -> Actor:
    """The actor of a signed-in person: every role they hold."""
    roles = dict(user.memberships.values_list("team_id", "role"))
    return Actor(user=user, roles=roles, site_admin=user.is_superuser, ip=ip, request_id=request_id)


def actor_for_token(token: Token, *, ip: str = "", request_id: str = "") -> Actor:
    """The actor of a token: its person's or team's roles, narrowed to its team or project's team."""
    if token.user is not None:
        roles = dict(token.user.memberships.values_list("team_id", "role"))
        admin = (
            token.user.is_superuser and Scope.ADMIN in token.scopes and token.team_id is None and token.project is None
        )
    else:
        roles = {token.team_id: token.role} if token.team_id else {}
        admin = False
    only = token.project.team_id if token.project is not None else token.team_id
    if only is not None:
        roles = {team: role for team, role in roles.items() if team == only}
    return Actor(user=token.user, token=token, roles=roles, site_admin=admin, ip=ip, request_id=request_id)


def actor_for_hook(hook: HookBearer, *, ip: str = "", request_id: str = "") -> Actor:
    """The actor of what a hook was told to do. It has no role, so it sees nothing."""
    return Actor(user=None, hook=hook, ip=ip, request_id=request_id)


def actions_in(actor: Actor, team_id: str, *, project_id: str | None = None) -> frozenset[Action]:
    """Every action the actor may do in this team (in this project of it). Empty for a stranger."""
    if actor.hook is not None:
        return OF_HOOKS if actor.hook.project_id == project_id else frozenset()
    role = actor.roles.get(team_id)
    if role is None:
        return frozenset()
    allowed = ROLES[role]
    if actor.token is None:
        return allowed
    if actor.token.project_id is not None and actor.token.project_id != project_id:
        return frozenset()
    scoped: frozenset[Action] = frozenset().union(*(SCOPES[scope] for scope in actor.token.scopes if scope in SCOPES))
    return allowed & scoped


def may(actor: Actor, action: Action, where: Team | Project) -> bool:
    """True when the actor may do this in this team or project."""
    if actor.is_system:
        return True
    if isinstance(where, Project):
        return action in actions_in(actor, where.team_id, project_id=where.id)
    return action in actions_in(actor, where.id)


def require(actor: Actor, action: Action, where: Team | Project) -> None:
    """Raise `Forbidden`, naming the missing right and who can give it, unless the actor may."""
    if may(actor, action, where):
        return
    team = where.team if isinstance(where, Project) else where
    lowest = next(role for role in ROLE_ORDER if action in ROLES[role])
    raise Forbidden(
        code="authz.denied",
        detail=f"This needs the right '{action.value}' in team {team.slug}, which the role {lowest} has. "
        "An owner of the team can give it.",
    )


def require_site_admin(actor: Actor) -> None:
    """Raise `Forbidden` unless the actor is a site admin."""
    if not (actor.site_admin or actor.is_system):
        raise Forbidden(code="authz.site_admin", detail="Only a site admin may do this.")
