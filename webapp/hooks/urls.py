"""Paths of the pages of hooks. `/hooks/…/` itself is where deliveries come in (door.py)."""

from django.urls import path

from webapp.hooks import views

urlpatterns = [
    path("projects/<str:id>/hooks/", views.index, name="hooks"),
    path("projects/<str:id>/hooks/new/", views.new, name="hook_new"),
    path("ci-hooks/<str:id>/", views.show, name="hook"),
    path("ci-hooks/<str:id>/secret/", views.secret, name="hook_secret"),
    path("ci-hooks/<str:id>/deletion/", views.delete, name="hook_delete"),
    path("deliveries/<str:id>/", views.delivery, name="hook_delivery"),
    path("deliveries/<str:id>/redelivery/", views.redeliver, name="hook_redeliver"),
]
