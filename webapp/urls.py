"""Every path of the control plane: the REST API, what hosts may say, pages, deliveries."""

from django.urls import include, path

urlpatterns = [
    path("api/v1/", include("webapp.api_urls")),
    path("ingest/", include("webapp.ingest.urls")),
    path("hooks/", include("webapp.hooks.door")),
    path("registry/", include("webapp.registries.own.door")),
    path("", include("webapp.control.urls")),
    path("", include("webapp.pages.urls")),
]
