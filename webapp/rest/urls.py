"""The REST floor's own addresses."""

from django.urls import path, re_path

from webapp.rest.documents import Nowhere, Pages, Root, Schema

urlpatterns = [
    path("", Root.as_view(), name="api-root"),
    path("schema/", Schema.as_view(), name="api-schema"),
    path("docs/", Pages.as_view(), name="api-docs"),
]
last = [re_path(r"^(?P<path>.*)$", Nowhere.as_view(), name="api-nowhere")]
