"""The verbs of WHO: teams, their people, invitations, projects, tokens, users."""

from webapp.teams.services.invitations import (
    accept_invitation,
    find_invitation,
    invite,
    join_as_new,
    withdraw_invitation,
)
from webapp.teams.services.members import add_member, change_role, remove_member
from webapp.teams.services.projects import create_project, delete_project, rename_project
from webapp.teams.services.teams import create_team, delete_team, rename_team
from webapp.teams.services.tokens import create_token, find_token, revoke_token
from webapp.teams.services.users import (
    change_password,
    create_user,
    random_password,
    reset_password,
    set_active,
    set_site_admin,
    signed_in,
    signed_out,
)

__all__ = [
    "accept_invitation",
    "add_member",
    "change_password",
    "change_role",
    "create_project",
    "create_team",
    "create_token",
    "create_user",
    "delete_project",
    "delete_team",
    "find_invitation",
    "find_token",
    "invite",
    "join_as_new",
    "random_password",
    "remove_member",
    "rename_project",
    "rename_team",
    "reset_password",
    "revoke_token",
    "set_active",
    "set_site_admin",
    "signed_in",
    "signed_out",
    "withdraw_invitation",
]
