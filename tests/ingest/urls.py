"""The paths of hosts alone, where they are in life."""

from django.urls import include, path

urlpatterns = [path("ingest/", include("webapp.ingest.urls"))]
