"""Every path of the REST API: the rooms' own lists, gathered. A room is added by its import and one line here."""

from webapp.rest import urls as rest
from webapp.teams import api as teams

urlpatterns = [
    *rest.urlpatterns,
    *teams.urlpatterns,
    *rest.last,
]
