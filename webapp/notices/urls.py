"""Paths of the pages of channels and notices."""

from django.urls import path

from webapp.notices import views

urlpatterns = [
    path("projects/<str:id>/notices/", views.index, name="notices"),
    path("projects/<str:id>/channels/new/", views.new, name="channel_new"),
    path("channels/<str:id>/", views.show, name="channel"),
    path("channels/<str:id>/test/", views.test, name="channel_test"),
    path("channels/<str:id>/secret/", views.secret, name="channel_secret"),
    path("channels/<str:id>/deletion/", views.delete, name="channel_delete"),
    path("notices/<str:id>/sending/", views.resend, name="notice_resend"),
]
