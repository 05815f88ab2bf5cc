"""Paths of the pages of projects, teams, people and tokens."""

from django.urls import URLPattern, path

from webapp.teams.contents import Counting
from webapp.teams.views import people, projects, teams, tokens


def urlpatterns(contents: Counting) -> list[URLPattern]:
    """The pages; `contents` says how much is in the projects that they list."""
    return [
        path("projects/", projects.index, {"contents": contents}, name="projects"),
        path("projects/new/", projects.new, name="project_new"),
        path("projects/<str:id>/settings/", projects.settings, name="project_settings"),
        path("projects/<str:id>/deletion/", projects.delete, name="project_delete"),
        path("teams/", teams.index, name="teams"),
        path("teams/new/", teams.new, name="team_new"),
        path("teams/join/", teams.accept, name="invitation_accept"),
        path("teams/<str:id>/", teams.show, name="team"),
        path("teams/<str:id>/name/", teams.rename, name="team_rename"),
        path("teams/<str:id>/deletion/", teams.delete, name="team_delete"),
        path("teams/<str:id>/invitations/", teams.invite, name="invite"),
        path("invitations/<str:id>/withdrawal/", teams.withdraw, name="invitation_withdraw"),
        path("members/<str:id>/role/", teams.change_role, name="member_role"),
        path("members/<str:id>/removal/", teams.remove, name="member_remove"),
        path("people/", people.index, name="people"),
        path("people/<str:id>/password/", people.password, name="person_password"),
        path("people/<str:id>/activity/", people.activity, name="person_activity"),
        path("people/<str:id>/site-admin/", people.site_admin, name="person_site_admin"),
        path("tokens/", tokens.index, name="tokens"),
        path("tokens/<str:id>/revocation/", tokens.revoke, name="token_revoke"),
    ]
