"""Hosts that really converge: the procedure of a host on a fake engine, driven by the rows of the real services."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
from django.utils.timezone import now

from runtime.contract.link import Snapshot
from runtime.contract.orders import ConvergeService
from runtime.contract.reports import Finish, Layer, Progress
from runtime.edge.none import NoEdge
from runtime.engine.facts import container_facts
from runtime.engine.fake import FakeEngine
from runtime.engine.values import Container, ContainerPlan, Image
from runtime.procedures.converge_service import converge_service
from runtime.procedures.ports import Cancelled, ProcedureError
from tests.cast import make_ready
from tests.procedures.rig import INSTANCE, Answers, Folders, Told
from webapp.deployments.models import Repair, Replica
from webapp.deployments.rollout import observe, reconcile
from webapp.deployments.services import queueing, starting
from webapp.hosts.models import Host
from webapp.ingest import owners
from webapp.jobs import services as jobs
from webapp.jobs.models import Job

LONG_AGO = timedelta(hours=1)
MOST_ROUNDS = 60


class Death(BaseException):
    """The worker's."""


class Hull(FakeEngine):
    """An engine in which containers of some images crash again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.bad: set[str] = set()

    def create(self, plan: ContainerPlan) -> str:
        self.dies_after = (0, 3) if plan.spec.image in self.bad else None
        return super().create(plan)

    def hold(self, image_id: str, *, bad: bool) -> None:
        self._hold(Image(image_id=image_id, size=1), (Layer(instruction="ADD", size=1),))
        self.bad |= {image_id} if bad else set()


@dataclass
class Ship:
    """One host: its row, its engine, and whether it is heard."""

    host: Host
    engine: Hull = field(default_factory=Hull)
    heard: bool = True

    def containers(self) -> list[Container]:
        return self.engine.list_managed(instance=INSTANCE)

    def up(self) -> list[Container]:
        return [one for one in self.containers() if one.status == "running"]

    def silent(self, *, without_power: bool) -> None:
        """Nobody hears it any more; its containers run on unless it has no power."""
        self.heard = False
        Host.objects.filter(id=self.host.id).update(last_heard_at=now() - LONG_AGO, connected=False)
        for container in list(self.engine.containers.values()) if without_power else ():
            container.stop()

    def back(self) -> None:
        self.heard = True
        make_ready(Host.objects.get(id=self.host.id))
        self.tell()

    def tell(self) -> None:
        """Its agent lists what is there."""
        facts = [known for one in self.containers() if (known := container_facts(one)) is not None]
        Replica.objects.filter(host=self.host).update(observed_at=now() - LONG_AGO)
        told = Snapshot(clock_ns=0, containers=facts, engine=True)
        observe.snapshot(host=Host.objects.get(id=self.host.id), snapshot=told, now=now())

    def work(self, *, dies_at: int = 0) -> bool:
        """Take the oldest order and carry it out, or die at the so many-th call; True when there was one."""
        job = Job.objects.filter(host=self.host, state="queued").order_by("created_at", "id").first()
        if job is None or not self.heard:
            return False
        claimed = jobs.claim(host=Host.objects.get(id=self.host.id), job_id=job.id, now=now())
        if claimed is None:
            return False
        owners.job_changed(claimed.job)
        progress = Progress(state="running", phase="rolling")
        jobs.progress(job=claimed.job, progress=progress, now=now())
        owners.job_changed(claimed.job, progress=progress)
        self._carry_out(claimed.job, dies_at)
        return True

    def _carry_out(self, job: Job, dies_at: int) -> None:
        calls = [0]

        def count(verb: str) -> None:
            calls[0] += 1
            if calls[0] == dies_at:
                raise Death

        self.engine.before_call = count
        try:
            finish = self._finish(job)
        except Death:
            return
        finally:
            self.engine.before_call = None
        jobs.finish(job=job, finish=finish, now=now())
        owners.job_changed(job, finish=finish)

    def _finish(self, job: Job) -> Finish:
        try:
            result = converge_service(
                msgspec.convert(job.order, type=ConvergeService),
                engine=self.engine,
                reporter=Told(),
                secrets={},
                instance=INSTANCE,
                job=job.id,
                prober=Answers(),
                edge=NoEdge(),
                files=Folders(),
            )
        except Cancelled as cancelled:
            return Finish(state="cancelled", last_line=0, result=cancelled.result)
        except ProcedureError as error:
            return Finish(state="failed", last_line=0, result=error.result, problem=error.problem)
        return Finish(state="succeeded", last_line=0, result=result)


def hear(ships: list[Ship]) -> None:
    """Who is heard was heard just now, however long the test takes."""
    Host.objects.filter(id__in=[ship.host.id for ship in ships if ship.heard]).update(last_heard_at=now())


def pass_time() -> None:
    """What waits for a time has waited long enough."""
    Repair.objects.update(next_at=now() - timedelta(seconds=1))
    Replica.objects.update(observed_at=now() - LONG_AGO)


def expire_leases() -> None:
    """Workers that died are found out."""
    Job.objects.filter(state__in=("claimed", "running")).update(lease_expires_at=now() - timedelta(seconds=1))
    jobs.expire_leases(now=now(), on_change=owners.job_changed)


def look_after(ships: list[Ship]) -> int:
    """One turn of the control loop; how much it had to do."""
    hear(ships)
    return reconcile.run_once(now()) + queueing.run_once(now()) + starting.run_once(now())


def settle(ships: list[Ship]) -> None:
    """Everything is heard and works from now on: how it ends. It has to, within so many rounds."""
    for ship in ships:
        ship.back()
    for _ in range(MOST_ROUNDS):
        expire_leases()
        worked = sum(ship.work() for ship in ships)
        for ship in ships:
            ship.tell()
        pass_time()
        if not worked + look_after(ships):
            return
    raise AssertionError("it does not come to rest")


def doubles(ships: list[Ship]) -> Iterator[str]:
    """Containers of which there is more than one for a replica of a generation, on all hosts together."""
    labels = [one.labels for ship in ships for one in ship.containers()]
    seen = Counter((one["slipway.service"], one["slipway.generation"], one["slipway.replica"]) for one in labels)
    return (f"{count} containers of {one}" for one, count in seen.items() if count > 1)
