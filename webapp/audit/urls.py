"""Paths of the pages of the trail."""

from django.urls import path

from webapp.audit import views

urlpatterns = [
    path("audit/", views.index, name="audit"),
    path("audit/verification/", views.verification, name="audit_verification"),
]
