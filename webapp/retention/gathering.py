"""What a rule would do to an image's builds now. The dry run and the real run ask the same function."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from webapp.holdings.services import holders
from webapp.images.leaving import leaving
from webapp.images.models import Build, Image, Push
from webapp.retention.models import RetentionRule
from webapp.retention.needing import needed
from webapp.retention.planning import Candidate, Plan, Rule, frees, plan

BUILDS_AT_ONCE = 1000  # of one image; the next run takes up the rest
OWN = "own registry"
LAYERS_OF = 2000  # builds whose layers are weighed against what goes


@dataclass(frozen=True, kw_only=True)
class ImagePlan:
    """One image's builds: what goes, what stays and why, and how many bytes that frees at most."""

    image: Image
    rule: RetentionRule
    gone: tuple[Build, ...]
    kept: tuple[tuple[Build, str], ...]
    frees: int  # on hosts
    leaves: tuple[Push, ...]  # what Slipway's own registry lets go of, by digest
    leaves_frees: int  # bytes there


def plan_image(image: Image, rule: RetentionRule, *, now: datetime) -> ImagePlan:
    """By this rule, which may be one that is not saved."""
    builds = {build.id: build for build in _builds(image)}
    image_ids = {build.config_digest for build in builds.values()}
    found = plan(
        [_candidate(build) for build in builds.values()],
        rule=Rule(keep=rule.keep, days=rule.days, keep_tagged=rule.keep_tagged),
        needed=needed(image_ids, releases=rule.releases),
        now=now,
    )
    leaves = _leaves(image, [one.id for one in found.gone], releases=rule.releases)
    weighed = _weighed_plan(found) if found.gone or leaves else found
    there = {push.build.config_digest: {OWN} for push in leaves}
    return ImagePlan(
        image=image,
        rule=rule,
        gone=tuple(builds[one.id] for one in found.gone),
        kept=tuple((builds[id], reason) for id, reason in found.kept.items()),
        frees=frees(weighed, held=holders(image_ids)) if found.gone else 0,
        leaves=tuple(leaves),
        leaves_frees=frees(weighed, held=there | _staying_there(found)),
    )


def _leaves(image: Image, gone: list[str], *, releases: int) -> list[Push]:
    """What the own registry lets go of when these builds go; that nothing needs it is asked anew for earlier ones."""
    found = leaving(image, gone=gone)
    wanted = needed({push.build.config_digest for push in found}, releases=releases)
    return [push for push in found if push.build.config_digest not in wanted]


def _staying_there(found: Plan) -> dict[str, set[str]]:
    """What stays is taken to be in the own registry: then what it shares with what goes is not freed."""
    return {one.bytes_id: {OWN} for one in found.stay}


def _builds(image: Image) -> Iterable[Build]:
    """The oldest, and enough of the newest to know which are the last: those whose images are not removed yet."""
    rows = Build.objects.filter(image=image, state="succeeded", expired_at=None, finished_at__isnull=False)
    there = rows.exclude(config_digest="").defer("layers", "definition", "problem")
    return [*there.order_by("number")[:BUILDS_AT_ONCE], *there.order_by("-number")[:BUILDS_AT_ONCE]]


def _candidate(build: Build) -> Candidate:
    return Candidate(
        id=build.id,
        number=build.number,
        bytes_id=build.config_digest,
        tagged=bool((build.trigger or {}).get("tag")),
        finished_at=build.finished_at or build.created_at,
    )


def _weighed_plan(found: Plan) -> Plan:
    """With the layers of each build, as far as they are looked up."""
    layers = _layers([one.id for one in (*found.gone, *found.stay)][:LAYERS_OF])
    return Plan(
        gone=tuple(_weighed(one, layers) for one in found.gone),
        stay=tuple(_weighed(one, layers) for one in found.stay),
        kept=found.kept,
    )


def _weighed(one: Candidate, layers: dict[str, list[dict[str, Any]]]) -> Candidate:
    """A layer without a digest is nobody else's."""
    named = enumerate(layers.get(one.id, []))
    sizes = {layer["digest"] or f"{one.bytes_id}#{at}": int(layer["size"]) for at, layer in named}
    return replace(one, layers=sizes)


def _layers(ids: list[str]) -> dict[str, list[dict[str, Any]]]:
    return dict(Build.objects.filter(id__in=ids).values_list("id", "layers"))
