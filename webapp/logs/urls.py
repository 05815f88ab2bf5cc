"""Paths of the pages of logs."""

from django.urls import path

from webapp.logs import views

urlpatterns = [path("logs/<str:id>/text/", views.text, name="log_text")]
