"""The API where it is in life, without the pages."""

from django.urls import include, path

urlpatterns = [path("api/v1/", include("webapp.api_urls"))]
