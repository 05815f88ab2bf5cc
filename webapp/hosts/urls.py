"""Paths of the pages of hosts."""

from django.urls import path

from webapp.hosts import views

urlpatterns = [
    path("hosts/", views.index, name="hosts"),
    path("hosts/now/", views.part, name="hosts_part"),
    path("hosts/enrollment/", views.enroll, name="host_enroll"),
    path("hosts/<str:id>/", views.show, name="host"),
    path("hosts/<str:id>/now/", views.show_part, name="host_part"),
    path("hosts/<str:id>/drain/", views.drain, name="host_drain"),
    path("hosts/<str:id>/revocation/", views.revoke, name="host_revoke"),
    path("hosts/<str:id>/credential/", views.renew, name="host_renew"),
    path("hosts/<str:id>/serving/", views.serve, name="host_serve"),
    path("hosts/<str:id>/slots/", views.slots, name="host_slots"),
]
