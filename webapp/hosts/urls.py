"""Paths of the pages of hosts."""

from django.urls import URLPattern, path

from webapp.hosts import views
from webapp.hosts.tenants import Tenants


def urlpatterns(tenants: Tenants) -> list[URLPattern]:
    """The pages; `tenants` says what is on the hosts that they show."""
    told = {"tenants": tenants}
    return [
        path("hosts/", views.index, told, name="hosts"),
        path("hosts/now/", views.part, told, name="hosts_part"),
        path("hosts/enrollment/", views.enroll, name="host_enroll"),
        path("hosts/<str:id>/", views.show, told, name="host"),
        path("hosts/<str:id>/now/", views.show_part, told, name="host_part"),
        path("hosts/<str:id>/drain/", views.drain, name="host_drain"),
        path("hosts/<str:id>/revocation/", views.revoke, name="host_revoke"),
        path("hosts/<str:id>/enrollment/", views.code, told, name="host_code"),
        path("hosts/<str:id>/serving/", views.serve, told, name="host_serve"),
        path("hosts/<str:id>/room/", views.room, told, name="host_room"),
        path("hosts/<str:id>/slots/", views.slots, told, name="host_slots"),
    ]
