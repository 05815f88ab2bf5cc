"""Pages of leaving a host: what runs there moves away, and the host goes."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from webapp.deployments import services
from webapp.hosts.models import Host
from webapp.page import PageRequest, find, verb

MAX_TOLD = 5  # refusals in words


@verb
def evacuate(request: PageRequest, id: str) -> HttpResponse:
    """Move what the person may see there away."""
    host = find(Host.objects.visible_to(request.actor), id)
    left = services.leave_host(actor=request.actor, host=host)
    count = len(left.deployments)
    if count:
        messages.success(
            request, f"{count} deployment{'' if count == 1 else 's'} asked for: each moves a service away."
        )
    for refused in left.refused[:MAX_TOLD]:
        messages.error(request, f"{refused.service.slug} in {refused.environment.slug} stays. {refused.why}")
    if not count and not left.refused:
        messages.success(request, f"Nothing of yours is on {host.name}.")
    return redirect("host", id)


@verb
def remove(request: PageRequest, id: str) -> HttpResponse:
    """Revoke it and take it out of the list."""
    host = find(Host.objects.visible_to(request.actor), id)
    services.remove_host(actor=request.actor, host=host)
    messages.success(request, f"Host {host.name} is gone.")
    return redirect("hosts")
