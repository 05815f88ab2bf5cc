"""Which images must stay, whatever a rule says, and what for."""

from collections.abc import Collection, Iterable

from django.db.models import Q, QuerySet

from runtime.contract import states
from webapp.deployments.models import Deployment, DesiredState, Release, Replica
from webapp.images.models import Build, Push

LOOKED_BACK = 1000  # deployments of a service in an environment, to find the releases that it can go back to

Place = tuple[str, str]  # service, environment


def needed(image_ids: Collection[str], *, releases: int) -> dict[str, str]:
    """Of these images those that something needs, with what does.

    What a replica has (also one that is stopped or on its way out), what is wanted, what a deployment that has not
    ended names (queued, rolling, or waiting for approval) and what it would go back to, what is being pushed or
    exported, and the last `releases` releases that succeeded at each place of a service.
    """
    named = Release.objects.filter(config_digest__in=image_ids)
    pushed = Build.objects.filter(config_digest__in=image_ids, pushes__in=_pushes_under_way())
    sent = Build.objects.filter(config_digest__in=image_ids, exports__state__in=("queued", "sending"))
    reasons = dict.fromkeys(pushed.values_list("config_digest", flat=True), "it is being pushed")
    reasons |= dict.fromkeys(sent.values_list("config_digest", flat=True), "it is being exported")
    for release_ids, reason in (
        (_in_containers(), "a replica runs it"),
        (DesiredState.objects.values("release"), "it is what should run"),
        (_under_way(), "a deployment that has not ended names it"),
        (_to_go_back_to(set(named.order_by().values_list("service", "environment").distinct()), releases), ""),
    ):
        for image_id, number in (
            named.filter(id__in=release_ids).order_by("number").values_list("config_digest", "number")
        ):
            reasons.setdefault(image_id, reason or f"release {number} can be gone back to")
    return reasons


def _in_containers() -> Iterable[object]:
    return Replica.objects.filter(~Q(desired="gone") | ~Q(container="")).values("release")


def _under_way() -> Iterable[object]:
    live = Deployment.objects.exclude(state__in=states.terminal_states(states.DEPLOYMENT))
    rows = live.values_list("release_id", "previous_id")
    return {id for pair in rows for id in pair if id is not None}


def _pushes_under_way() -> QuerySet[Push]:
    return Push.objects.exclude(state__in=states.terminal_states(states.PUSH)).order_by()


def _to_go_back_to(places: Collection[Place], releases: int) -> set[str]:
    found: set[str] = set()
    for service, environment in places:
        ended = Deployment.objects.filter(service=service, environment=environment, state="succeeded")
        rows = ended.order_by("-created_at", "-id").values_list("release_id", "previous_id")[:LOOKED_BACK]
        newest: dict[str, None] = {}
        for pair in rows:
            newest.update(dict.fromkeys(id for id in pair if id is not None))
        found.update(list(newest)[:releases])
    return found
