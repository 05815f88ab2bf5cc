"""A build that retention let go of on the hosts, and that a registry still has, runs again: it is fetched by digest."""

from django.db import transaction

from webapp.audit.services import record_of
from webapp.images import supply
from webapp.images.expiry import refuse_expired
from webapp.images.models import Build
from webapp.images.services.defining import lock_image
from webapp.jobs.broadcast import changed
from webapp.teams.policy import Actor


def hold_to_run(*, actor: Actor, build: Build) -> None:
    """Until the transaction ends retention cannot let go of what is to run; inside the transaction of who asks for it.

    One that is gone from the hosts comes back where a registry has it: it is kept by the rules again, as every other.
    Raises `Conflicting`: it is gone for good.
    """
    lock_image(build.image)
    build.refresh_from_db(fields=["expired_at"])
    if build.expired_at is None:
        return
    if not supply.is_pulled(build):
        refuse_expired(build)
    gone_since = build.expired_at
    with transaction.atomic():
        if not Build.objects.filter(id=build.id, expired_at=gone_since).update(expired_at=None):
            return
        build.expired_at = None
        image = build.image
        record_of(
            image.project,
            actor=actor,
            action="build.revive",
            target=("build", build.id, f"{image.project.slug}/{image.slug} {build.number}"),
            before={"expired_at": gone_since.isoformat()},
        )
        changed(kind="build", id=build.id, state=build.state, project_id=image.project_id)
