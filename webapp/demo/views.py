"""The demo's button."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from webapp.demo.services import make_demo
from webapp.page import PageRequest, verb


@verb
def make(request: PageRequest) -> HttpResponse:
    """Make the demo project, and go and see it."""
    project = make_demo(actor=request.actor)
    messages.success(request, "The demo is made: its images are being built. Deploy one to dev when it is ready.")
    return redirect("board", project.id)
