"""Set a rule, look what it would do, do it. What is done is what was shown, by the same function, asked again under
the lock that a deployment takes too: either a deployment finds the build gone, or retention finds it needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from webapp.audit.services import record_of
from webapp.findings import Findings
from webapp.images.forgetting import forget_builds
from webapp.images.leaving import leave
from webapp.images.models import Build, Image
from webapp.images.services import lock_image
from webapp.jobs.broadcast import changed
from webapp.problems import Conflicting
from webapp.retention.gathering import ImagePlan, plan_image
from webapp.retention.models import DEFAULT_KEEP, DEFAULT_RELEASES, RetentionRule
from webapp.retention.planning import MAX_KEEP, MIN_KEEP
from webapp.teams.models import Project
from webapp.teams.policy import Action, Actor, require

MAX_DAYS = 3650
MIN_RELEASES = 2  # what runs, and what ran before
MAX_RELEASES = 100
IMAGES_A_RUN = 200


@dataclass(frozen=True, kw_only=True)
class RuleSettings:
    """A rule as somebody words it."""

    keep: int = DEFAULT_KEEP
    days: int | None = None
    keep_tagged: bool = True
    releases: int = DEFAULT_RELEASES


def rule_of(image: Image) -> RetentionRule | None:
    """The image's own rule, else its project's; None: nothing is removed."""
    rules = {rule.image_id: rule for rule in RetentionRule.objects.filter(project=image.project_id)}
    return rules.get(image.id) or rules.get(None)


def set_rule(
    *, actor: Actor, project: Project, image: Image | None = None, settings: RuleSettings, now: datetime
) -> RetentionRule:
    """The rule of a project's images, or of one image. It is applied a day later, or when somebody asks for it."""
    require(actor, Action.OPERATE, project)
    values = _clean(settings)
    with transaction.atomic():
        before = RetentionRule.objects.select_for_update().filter(project=project, image=image).first()
        told = _facts(before)
        if before is not None and told == values:
            return before
        rule, _ = RetentionRule.objects.update_or_create(
            project=project, image=image, defaults={**values, "ran_at": now}
        )
        _record(actor, "retention.set", project, image, before=told, after=values)
    return rule


def clear_rule(*, actor: Actor, project: Project, image: Image | None = None) -> None:
    """Take a rule away: an image follows its project's again, a project's images are kept. Twice is once."""
    require(actor, Action.OPERATE, project)
    with transaction.atomic():
        rule = RetentionRule.objects.select_for_update().filter(project=project, image=image).first()
        if rule is not None:
            rule.delete()
            _record(actor, "retention.clear", project, image, before=_facts(rule))


def dry_run(
    *, project: Project, image: Image | None = None, settings: RuleSettings | None = None, now: datetime
) -> list[ImagePlan]:
    """What the rule would do now, and changes nothing; with `settings`, what that rule would do in its place."""
    proposed = None
    if settings is not None:
        proposed = RetentionRule(project=project, image=image, ran_at=now, **_clean(settings))
    plans = []
    for one in _images(project, image):
        rule = rule_of(one) if proposed is None or _has_its_own(one, image) else proposed
        if rule is not None:
            plans.append(plan_image(one, rule, now=now))
    return plans


def apply(*, actor: Actor, project: Project, image: Image | None = None, now: datetime) -> list[ImagePlan]:
    """Do what the dry run shows: mark the builds, order their hosts to let go of the images, and have Slipway's own
    registry let go of what was pushed there.

    Raises `Conflicting` where there is no rule.
    """
    require(actor, Action.OPERATE, project)
    images = [one for one in _images(project, image) if rule_of(one) is not None]
    if not images:
        raise Conflicting(code="retention.no_rule", detail="There is no rule: set one first, and look at its dry run.")
    return [done for one in images if (done := _apply(actor, one, now)) is not None]


def _apply(actor: Actor, image: Image, now: datetime) -> ImagePlan | None:
    """One image, in one transaction; None when its rule was taken away meanwhile."""
    with transaction.atomic():
        lock_image(image)
        rule = rule_of(image)
        if rule is None:
            return None
        plan = plan_image(image, rule, now=now)
        for build in plan.gone:
            _expire(actor, build, rule, now)
        expired = Build.objects.filter(image=image, expired_at__isnull=False)
        forget_builds(project=image.project, builds=expired, now=now)
        leave(plan.leaves, now=now)
        if plan.gone:
            changed(kind="image", id=image.id, state="retention", project_id=image.project_id)
    return plan


def _expire(actor: Actor, build: Build, rule: RetentionRule, now: datetime) -> None:
    """By compare-and-set; done twice it is told once."""
    if not Build.objects.filter(id=build.id, expired_at=None).update(expired_at=now):
        return
    image = build.image
    record_of(
        image.project,
        actor=actor,
        action="build.expire",
        target=("build", build.id, f"{image.project.slug}/{image.slug} {build.number}"),
        before={"digest": build.digest, "image_id": build.config_digest},
        after=_facts(rule),
    )


def _images(project: Project, image: Image | None) -> Sequence[Image]:
    if image is not None:
        return [image]
    return list(Image.objects.filter(project=project).select_related("project__team")[:IMAGES_A_RUN])


def _has_its_own(image: Image, asked: Image | None) -> bool:
    """A proposed rule of the project does not reach an image with a rule of its own."""
    return asked is None and RetentionRule.objects.filter(image=image).exists()


def _clean(settings: RuleSettings) -> dict[str, Any]:
    findings = Findings()
    findings.number(settings.keep, "keep", low=MIN_KEEP, high=MAX_KEEP)
    if settings.days is not None:
        findings.number(settings.days, "days", low=1, high=MAX_DAYS)
    findings.number(settings.releases, "releases", low=MIN_RELEASES, high=MAX_RELEASES)
    findings.settle()
    return {
        "keep": settings.keep,
        "days": settings.days,
        "keep_tagged": settings.keep_tagged,
        "releases": settings.releases,
    }


def _facts(rule: RetentionRule | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    return {"keep": rule.keep, "days": rule.days, "keep_tagged": rule.keep_tagged, "releases": rule.releases}


def _record(
    actor: Actor,
    action: str,
    project: Project,
    image: Image | None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    target = ("image", image.id, f"{project.slug}/{image.slug}") if image else ("project", project.id, project.slug)
    record_of(project, actor=actor, action=action, target=target, before=before, after=after)
