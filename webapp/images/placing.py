"""Which host builds: ready, serving the team, able to build, and with the fewest builds before it."""

from django.db.models import Count

from runtime.contract import states
from webapp.holdings import services as holdings
from webapp.hosts.models import Host
from webapp.hosts.wording import why_not_ready
from webapp.images.models import Build
from webapp.jobs.models import Job
from webapp.problems import Unplannable
from webapp.teams.models import Project


def choose_builder(project: Project, *, builds: bool = True) -> Host:
    """The host for the next build; with `builds` False it needs no builder. Raises `Unplannable`, a reason per host.

    A host of the project's environments comes before any other: without a registry an image runs where it was built.
    """
    hosts = list(Host.objects.serving(project.team_id))
    ready = [host for host in hosts if host.state == "ready" and (not builds or _builds(host))]
    if not ready:
        raise Unplannable(
            code="build.no_host",
            detail="No host can build now.",
            reasons=[_reason(host) for host in hosts] or ["No host serves this team: a site admin enrolls hosts."],
        )
    near = set(Host.objects.filter(environments__project=project).values_list("id", flat=True))
    waiting = _waiting([host.id for host in ready])
    return min(ready, key=lambda host: (host.id not in near, waiting.get(host.id, 0), host.name))


def can_build(host: Host, *, project: Project) -> bool:
    """A ready host with a builder that serves the project's team."""
    serves = Host.objects.serving(project.team_id).filter(id=host.id).exists()
    return serves and host.state == "ready" and _builds(host)


def builders(project: Project) -> list[Host]:
    """Every host that can build for the project now."""
    return [host for host in Host.objects.serving(project.team_id) if host.state == "ready" and _builds(host)]


def why_it_cannot(host: Host) -> str:
    """Why this host does not build, in a sentence."""
    if host.state == "ready" and _builds(host):
        return f"Host {host.name} does not serve the team."
    return _reason(host)


def choose_holder(build: Build, *, code: str, act: str) -> Host:
    """A host that holds the build's image and takes orders: the one that built it, if that is such a one.

    Raises `Unplannable` with this `code`: no such host can `act` (push it, send it).
    """
    serving = Host.objects.serving(build.image.project.team_id)
    holding = list(serving.filter(id__in=holdings.hosts_with(build.config_digest)))
    ready = [host for host in holding if host.state == "ready"]
    if not ready:
        raise Unplannable(
            code=code,
            detail=f"No host that holds the image can {act} now.",
            reasons=[f"Host {host.name} {why_not_ready(host.state)}" for host in holding]
            or ["No host holds the image any more: build it again."],
        )
    return min(ready, key=lambda host: (host.id != build.host_id, host.name))


def _builds(host: Host) -> bool:
    return bool((host.facts or {}).get("builder", "classic") != "none")


def _reason(host: Host) -> str:
    if host.state == "ready":
        return f"Host {host.name} has no image builder."
    return f"Host {host.name} {why_not_ready(host.state)}"


def _waiting(host_ids: list[str]) -> dict[str, int]:
    """Builds not yet ended, by host."""
    jobs = Job.objects.filter(host__in=host_ids, uses_build_slot=True)
    live = jobs.exclude(state__in=states.terminal_states(states.JOB))
    return dict(live.order_by().values_list("host").annotate(Count("id")))
