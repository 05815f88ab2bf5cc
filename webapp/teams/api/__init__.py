"""REST of WHO: me, teams and their people, invitations, tokens, projects, users."""

from webapp.teams.api.urls import urlpatterns

__all__ = ["urlpatterns"]
