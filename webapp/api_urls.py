"""Every path of the REST API: the rooms' own lists, gathered. A room is added by one line here."""

from webapp.rest import urls as rest

urlpatterns = [
    *rest.urlpatterns,
]
