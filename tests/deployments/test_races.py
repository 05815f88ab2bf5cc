"""Deployments, cancels, rollbacks, approvals, scaling and the loss of hosts in any order, against the real services and
hosts that really converge: nothing is lost, nothing is double, one release is left, and the trail knows it all.
"""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from runtime.contract import states
from runtime.engine.values import Container
from tests.deployments import fleet
from tests.deployments.fleet import Ship
from tests.deployments.rig import Harbour
from webapp.audit.models import Entry
from webapp.deployments import services
from webapp.deployments.models import UNDER_WAY, Deployment, DesiredState, Replica
from webapp.environments.models import Environment
from webapp.images.models import Build
from webapp.problems import Refusal

pytestmark = pytest.mark.thorough
GOOD, BAD = 3, 1  # builds that come up, and that do not
PEOPLE = st.sampled_from(["owner", "operator"])


class Races(RuleBasedStateMachine):
    """What people, hosts and the control loop may do, one after the other."""

    harbour: ClassVar[Harbour]
    builds: ClassVar[list[Build]]
    bad: ClassVar[set[str]]

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        cast = self.harbour.cast
        self.ships = [Ship(host) for host in cast.dev.hosts.order_by("name")]
        for ship in self.ships:
            for build in self.builds:
                ship.engine.hold(build.config_digest, bad=build.config_digest in self.bad)
        self.told = Entry.objects.filter(action__startswith="deployment.").count()
        self.calm = True  # nothing was taken from what runs by hand, by power or by wish

    @initialize(number=st.integers(0, GOOD - 1))
    def something_runs(self, number: int) -> None:
        self.ask(services.deploy, actor=self.actor("owner"), build=self.builds[number], **self.place(False))
        fleet.settle(self.ships)

    def teardown(self) -> None:
        try:
            fleet.settle(self.ships)
            self.check_rest()
        finally:
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    def ask(self, verb: Callable[..., Any], **given: Any) -> None:
        """A verb is refused and changes nothing, or stands in the trail once."""
        fleet.hear(self.ships)
        with transaction.atomic():
            try:
                verb(**given)
            except Refusal:
                return
        self.told += 1

    def actor(self, who: str) -> Any:
        return self.harbour.cast.actor(who)

    def place(self, protected: bool) -> dict[str, Any]:
        cast = self.harbour.cast
        return {"service": self.harbour.service, "environment": cast.production if protected else cast.dev}

    @rule(who=PEOPLE, number=st.integers(0, GOOD + BAD - 1), queue=st.booleans(), protected=st.booleans())
    def deploy(self, who: str, number: int, queue: bool, protected: bool) -> None:
        place = self.place(protected)
        self.ask(services.deploy, actor=self.actor(who), build=self.builds[number], queue=queue, **place)

    @rule(who=PEOPLE, replicas=st.integers(1, 4), queue=st.booleans())
    def scale(self, who: str, replicas: int, queue: bool) -> None:
        self.ask(services.scale, actor=self.actor(who), replicas=replicas, queue=queue, **self.place(False))

    @rule(who=PEOPLE, verb=st.sampled_from([services.restart, services.stop, services.start]))
    def change(self, who: str, verb: Callable[..., Any]) -> None:
        self.calm = False
        self.ask(verb, actor=self.actor(who), **self.place(False))

    @rule(who=PEOPLE)
    def roll_back(self, who: str) -> None:
        last = Deployment.objects.filter(environment=self.harbour.cast.dev).first()
        if last is not None:
            self.ask(services.roll_back, actor=self.actor(who), deployment=last)

    @precondition(lambda self: self.under_way())
    @rule(who=PEOPLE)
    def cancel(self, who: str) -> None:
        for one in Deployment.objects.filter(state__in=(*UNDER_WAY, "in_line"), cancel_requested_at=None)[:1]:
            self.ask(services.cancel, actor=self.actor(who), deployment=one)

    @precondition(lambda self: Deployment.objects.filter(state="awaiting_approval").exists())
    @rule(who=PEOPLE)
    def approve(self, who: str) -> None:
        for one in Deployment.objects.filter(state="awaiting_approval").exclude(approvals__approved=True)[:1]:
            self.ask(services.approve, actor=self.actor(who), deployment=one, plan_hash=one.plan_hash)

    @precondition(lambda self: self.under_way())
    @rule(
        orders=st.lists(st.tuples(st.integers(0, 1), st.sampled_from([0, 0, 0, *range(4, 30)])), min_size=1, max_size=4)
    )
    def work(self, orders: list[tuple[int, int]]) -> None:
        for which, dies_at in orders:
            self.ships[which].work(dies_at=dies_at)

    @rule(which=st.integers(0, 1))
    def tell(self, which: int) -> None:
        if self.ships[which].heard:
            self.ships[which].tell()

    @rule(which=st.integers(0, 1), without_power=st.booleans())
    def lose(self, which: int, without_power: bool) -> None:
        self.calm &= not without_power
        self.ships[which].silent(without_power=without_power)

    @precondition(lambda self: not all(ship.heard for ship in self.ships))
    @rule()
    def come_back(self) -> None:
        for ship in self.ships:
            ship.back()

    @rule(which=st.integers(0, 1))
    def remove_by_hand(self, which: int) -> None:
        for container in self.ships[which].up()[:1]:
            self.calm = False
            self.ships[which].engine.remove(container.container_id)

    @precondition(lambda self: self.under_way())
    @rule()
    def expire(self) -> None:
        fleet.expire_leases()

    @rule(late=st.booleans())
    def look_after(self, late: bool) -> None:
        if late:
            fleet.pass_time()
        fleet.look_after(self.ships)

    def under_way(self) -> bool:
        return Deployment.objects.filter(state__in=UNDER_WAY).exists()

    @invariant()
    def nothing_is_double(self) -> None:
        assert not list(fleet.doubles(self.ships))

    @invariant()
    def what_served_serves(self) -> None:
        dev = self.harbour.cast.dev
        served = Deployment.objects.filter(environment=dev, state="succeeded").exists()
        if self.calm and served:
            assert self.serving(dev), "something healthy ran, and nothing does"

    @invariant()
    def the_trail_knows_every_change(self) -> None:
        assert Entry.objects.filter(action__startswith="deployment.").count() == self.told

    def serving(self, environment: Environment) -> list[str]:
        """Replicas of good builds whose container runs."""
        up = [one for ship in self.ships for one in ship.up() if one.image_id not in self.bad]
        return [one.name for one in up if one.labels["slipway.environment"] == environment.id]

    def check_rest(self) -> None:
        """Every wish has an end, and what runs is exactly what is wanted: one release, as the database says."""
        ended = {*states.terminal_states(states.DEPLOYMENT), "awaiting_approval"}
        assert set(Deployment.objects.values_list("state", flat=True)) <= ended
        wanted = Replica.objects.wanted()
        for ship in self.ships:
            here = wanted.filter(host=ship.host)
            running = here.filter(desired="running")
            assert {one.labels["slipway.replica"] for one in ship.up()} == set(running.values_list("id", flat=True))
            assert {one.labels["slipway.replica"] for one in ship.containers()} <= set(
                here.values_list("id", flat=True)
            )
            assert set(running.values_list("state", flat=True)) <= {"healthy"}
        for desired in DesiredState.objects.all():
            rows = wanted.filter(environment=desired.environment)
            assert sorted(rows.values_list("index", flat=True)) == list(range(1, desired.replicas + 1))
            assert set(rows.values_list("release", flat=True)) <= {desired.release_id}
        assert not list(fleet.doubles(self.ships))


def names(containers: Iterable[Container]) -> set[str]:
    """Whose they are."""
    return {one.labels["slipway.replica"] for one in containers}


@pytest.mark.parametrize("strategy", ["rolling", "blue_green"])
def test_whatever_is_done_in_whatever_order(harbour: Harbour, strategy: str) -> None:
    cast = harbour.cast
    other = harbour.host("other", cast.dev)
    Environment.objects.filter(id=cast.production.id).update(allow_skipping=True)
    settings_ = {"replicas": 2, "strategy": {"kind": strategy}}
    harbour.service = services.change_service(actor=cast.actor("owner"), service=harbour.service, settings=settings_)
    builds = [harbour.built() for _ in range(GOOD + BAD)]
    for build in builds:
        harbour.built(host=other, same_as=build)
    Races.harbour, Races.builds, Races.bad = harbour, builds, {build.config_digest for build in builds[GOOD:]}
    run_state_machine_as_test(
        Races,
        settings=settings(
            max_examples=12,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
