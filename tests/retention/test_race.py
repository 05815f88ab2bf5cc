"""A deployment and retention at the same moment: the deployment finds the build gone, or retention finds it needed."""

import threading
from contextlib import suppress

import pytest
from django.db import connection
from django.utils.timezone import now

from tests.deployments.rig import Harbour
from tests.retention.given import old_builds, ruled
from webapp.deployments.models import Deployment
from webapp.deployments.services import deploy
from webapp.images.models import Build
from webapp.problems import Conflicting
from webapp.retention.services import apply

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.thorough]
ROUNDS = 6


def race(*acts: object) -> None:
    barrier = threading.Barrier(len(acts))

    def run(act: object) -> None:
        barrier.wait()
        try:
            with suppress(Conflicting):
                act()  # type: ignore[operator]
        finally:
            connection.close()

    racers = [threading.Thread(target=run, args=(act,)) for act in acts]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()


def test_either_the_deployment_is_refused_or_the_build_stays(harbour: Harbour) -> None:
    cast = harbour.cast
    builds = old_builds(harbour, ROUNDS + 1)
    ruled(harbour, keep=1)
    owner, operator = cast.actor("owner"), cast.actor("operator")
    for build in builds[:-1]:
        race(
            lambda build=build: deploy(actor=owner, service=harbour.service, environment=cast.dev, build=build),
            lambda: apply(actor=operator, project=cast.project, now=now()),
        )
        waiting = Deployment.objects.filter(release__build=build).first()
        assert Build.objects.filter(id=build.id, expired_at=None).exists() is (waiting is not None)
        Build.objects.filter(image=harbour.image).update(expired_at=None)
        if waiting is not None:
            harbour.carry_out(waiting)
