"""Is it alive, can it work, how much is going on: for load balancers and monitors. No credential, no names in it."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.timezone import now
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from webapp.control.metrics import Counts
from webapp.hosts.models import Host
from webapp.logs import tail
from webapp.problems import Unavailable

registry = CollectorRegistry()
ProcessCollector(registry=registry)
PlatformCollector(registry=registry)
GCCollector(registry=registry)
registry.register(Counts())


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; says nothing of what it needs."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the database, Redis and at least one host are there; else 503, naming what is not."""
    parts = {"database": _database(), "redis": _redis(), "hosts": "not asked"}
    if parts["database"] == "ok":
        parts["hosts"] = _hosts()
    ready = all(part == "ok" for part in parts.values())
    body = {"status": "ready" if ready else "not ready", "parts": parts, "at": now().isoformat()}
    return JsonResponse(body, status=200 if ready else 503)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format."""
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return f"does not answer ({type(error).__name__})"
    return "ok"


def _redis() -> str:
    try:
        tail.lag()
    except Unavailable:
        return "does not answer"
    return "ok"


def _hosts() -> str:
    ready = any(host.state == "ready" for host in Host.objects.exclude(credential_digest=""))
    return "ok" if ready else "no host is ready"
