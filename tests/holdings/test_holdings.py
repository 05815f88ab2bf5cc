"""Which host holds which image: noted when a job made it, put right by the host's own list."""

import pytest
from django.utils.timezone import now

from runtime.contract.link import ImageHeld, ImagesHeld
from tests.deployments.rig import Harbour, digest
from webapp.deployments.services import deploy
from webapp.holdings.models import Holding
from webapp.holdings.services import LIST_AGE, hosts_with, listed
from webapp.problems import Unplannable

LATER = LIST_AGE * 2


def held(*numbers: int, whole: bool = True) -> ImagesHeld:
    return ImagesHeld(images=[ImageHeld(image_id=digest(number), size=number) for number in numbers], whole=whole)


def ids(harbour: Harbour) -> list[str]:
    return list(Holding.objects.filter(host=harbour.cast.host).order_by("image_id").values_list("image_id", flat=True))


def test_a_build_is_held_where_it_was_made(harbour: Harbour) -> None:
    build = harbour.built()
    holding = Holding.objects.get()
    assert (holding.image_id, holding.host, holding.size) == (build.config_digest, build.host, 4_000_000)
    assert holding.build == build.id and hosts_with(build.config_digest) == {build.host_id}


def test_a_list_is_the_truth(harbour: Harbour) -> None:
    host, moment = harbour.cast.host, now()
    listed(host=host, said=held(1, 2), now=moment)
    first = Holding.objects.get(image_id=digest(1))
    listed(host=host, said=held(1, 3), now=moment + LATER)
    assert ids(harbour) == [digest(1), digest(3)]
    first.refresh_from_db()
    assert first.since == moment and first.seen_at == moment + LATER


def test_what_was_made_while_the_list_was_on_its_way_stays(harbour: Harbour) -> None:
    build = harbour.built()
    moment = now()
    listed(host=build.host, said=held(), now=moment)
    assert ids(harbour) == [build.config_digest]
    listed(host=build.host, said=held(), now=moment + LATER)
    assert ids(harbour) == []


def test_a_list_that_is_not_whole_takes_nothing_away(harbour: Harbour) -> None:
    listed(host=harbour.cast.host, said=held(1), now=now() - LATER)
    listed(host=harbour.cast.host, said=held(2, whole=False), now=now())
    assert ids(harbour) == [digest(1), digest(2)]


def test_one_host_says_nothing_of_another(harbour: Harbour) -> None:
    other = harbour.host("second")
    listed(host=harbour.cast.host, said=held(1), now=now() - LATER)
    listed(host=other, said=held(), now=now())
    assert hosts_with(digest(1)) == {harbour.cast.host.id}


def test_a_deployment_goes_where_the_image_is_held_and_nowhere_else(harbour: Harbour) -> None:
    cast = harbour.cast
    second = harbour.host("second", cast.dev)
    build = harbour.built()
    listed(host=second, said=ImagesHeld(images=[ImageHeld(image_id=build.config_digest, size=1)]), now=now())
    listed(host=cast.host, said=held(), now=now() + LATER)
    deployment = deploy(actor=cast.actor("owner"), service=harbour.service, environment=cast.dev, build=build)
    assert {step["name"] for step in deployment.plan["steps"]} == {"second"}
    harbour.carry_out(deployment)
    listed(host=second, said=held(), now=now() + LATER)
    with pytest.raises(Unplannable, match="cannot be planned") as refused:
        deploy(
            actor=cast.actor("owner"),
            service=harbour.service,
            environment=cast.dev,
            build=harbour.built(same_as=build, host=harbour.host("far")),
        )
    assert any("does not hold the image" in reason for reason in refused.value.reasons)
