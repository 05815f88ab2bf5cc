"""The demo's one path."""

from django.urls import path

from webapp.demo import views

urlpatterns = [path("demo/", views.make, name="demo")]
