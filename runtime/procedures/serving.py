"""How the replicas of one order come to the requests of this host's edge, and leave them."""

from collections.abc import Iterable
from dataclasses import dataclass

from runtime.contract.orders import ConvergeService
from runtime.contract.reports import Problem
from runtime.edge.base import Backend, Edge, Place, Site
from runtime.engine.base import Engine
from runtime.engine.facts import state_of
from runtime.engine.values import Container
from runtime.procedures.ports import ProcedureError, Reporter, Secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """The edge as one convergence uses it. A service without routes only takes leave of those that it had."""

    order: ConvergeService
    edge: Edge
    engine: Engine
    reporter: Reporter
    secrets: Secrets

    @property
    def place(self) -> Place:
        return Place(self.order.service, self.order.environment)

    def admit(self, container_id: str) -> None:
        """The container, which has proved itself, gets requests from now on."""
        site = self._site()
        if site is not None:
            self.edge.admit(site, backend_of(self.engine.container(container_id)))

    def dismiss(self, containers: Iterable[Container]) -> None:
        """They get no requests any more, and have finished those under way as far as their time allows."""
        leaving = [one for one in containers if one.status == "running"]
        if not leaving:
            return
        left = self.edge.dismiss(self.place, [one.container_id for one in leaving], wait=self.reporter.wait)
        if left:
            self.reporter.line("s", f"{left} requests were still under way when the time to finish them was over")

    def settle(self, containers: Iterable[Container]) -> None:
        """The whole of what the order wants has come: these serve, and nobody else."""
        site = self._site() if self.order.replicas else None
        self.edge.settle(self.place, site, [backend_of(one) for one in containers if one.status == "running"])

    def revert(self, containers: Iterable[Container]) -> None:
        """What served before this order serves again, as far as it is among these."""
        self.edge.revert(self.place, [backend_of(one) for one in containers if one.status == "running"])

    def _site(self) -> Site | None:
        http = self.order.http
        if http is None:
            return None
        missing = sorted(own.certificate for own in http.certificates if own.secret not in self.secrets)
        if missing:
            raise ProcedureError(
                Problem(code="secret_missing", whose="us", message="The order came without the key of a certificate.")
            )
        given = {own.certificate: self.secrets[own.secret] for own in http.certificates}
        return Site(place=self.place, http=http, certificates=given)


def backend_of(container: Container) -> Backend:
    """A container as the edge wants to know it."""
    state = state_of(container)
    return Backend(
        container=container.container_id,
        up=None if state == "starting" else state == "healthy",
        started_ns=container.started_ns,
        address=container.address,
        published={
            bound.container: (bound.address, bound.host) for bound in container.ports if bound.protocol == "tcp"
        },
    )
