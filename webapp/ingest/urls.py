"""The paths of runtime.contract.wire and runtime.contract.enrollment, below /ingest/."""

from django.urls import path

from webapp.ingest import blobs, joining, views

urlpatterns = [
    path("enrollments/", joining.enrollments),
    path("worker.tar.gz", joining.worker),
    path("claims/", views.claims),
    path("jobs/<str:job_id>/heartbeat/", views.heartbeat),
    path("jobs/<str:job_id>/progress/", views.progress),
    path("jobs/<str:job_id>/lines/", views.lines),
    path("jobs/<str:job_id>/pieces/<int:offset>/", views.piece),
    path("jobs/<str:job_id>/finish/", views.finish),
    path("jobs/<str:job_id>/blobs/<str:digest>/", blobs.blob),
]
