"""Requests go to what has proved itself, and to nothing that is about to be stopped."""

import msgspec
import pytest

from runtime.contract.orders import ConvergeService
from runtime.contract.routes import Http, OwnCertificate, Route
from runtime.edge.base import Place
from runtime.edge.none import NoEdge
from runtime.procedures.ports import Cancelled, ProcedureError
from tests.procedures.rig import ENVIRONMENT, SERVICE, Harbour, order, with_spec

PLACE = Place(SERVICE, ENVIRONMENT)
SHOP = Http(port=8080, routes=(Route(host="shop.example.com"),))


@pytest.fixture
def harbour() -> Harbour:
    return Harbour()


def shop(image: str, *, http: Http | None = SHOP, **changes: object) -> ConvergeService:
    return order(image, http=http, **changes)  # type: ignore[arg-type]


def running(harbour: Harbour) -> set[str]:
    return {one.container_id for one in harbour.here() if one.status == "running"}


def test_what_proved_itself_serves(harbour: Harbour) -> None:
    harbour.converge(shop(harbour.image(), replicas=2))
    assert set(harbour.edge.serving(PLACE)) == running(harbour)
    assert harbour.edge.hosts(PLACE) == ["shop.example.com"]


def test_a_new_release_is_admitted_before_the_old_one_is_dismissed_and_that_one_stopped(harbour: Harbour) -> None:
    image = harbour.image()
    harbour.converge(shop(image))
    (old,) = harbour.edge.serving(PLACE)
    harbour.edge.calls.clear()
    stopped_while: list[list[str]] = []
    stop = harbour.engine.stop

    def watched(container_id: str, *, timeout: int) -> None:
        stopped_while.append(harbour.edge.serving(PLACE))
        stop(container_id, timeout=timeout)

    harbour.engine.stop = watched  # type: ignore[method-assign]
    harbour.converge(shop(image, generation=2), job="job0000002")
    (new,) = harbour.edge.serving(PLACE)
    assert new != old
    assert harbour.edge.calls == [("admit", (new,)), ("dismiss", (old,)), ("settle", (new,))]
    assert stopped_while == [[new]]


def test_requests_under_way_have_their_time(harbour: Harbour) -> None:
    image = harbour.image()
    harbour.converge(shop(image))
    (old,) = harbour.edge.serving(PLACE)
    harbour.edge.under_way[old] = 1
    harbour.converge(shop(image, generation=2), job="job0000002")
    assert harbour.told.clock >= SHOP.drain
    assert any("1 requests were still under way" in text for text in harbour.told.texts())


def test_one_that_failed_gets_none_and_the_former_serves_on_under_its_names(harbour: Harbour) -> None:
    image = harbour.image()
    harbour.converge(shop(image, replicas=2))
    before = harbour.edge.serving(PLACE)
    other = Http(port=9090, routes=(Route(host="new.example.com"),))
    harbour.engine.dies_after = (0, 3)
    with pytest.raises(ProcedureError):
        harbour.converge(shop(image, generation=2, replicas=2, http=other), job="job0000002")
    assert harbour.edge.serving(PLACE) == before
    assert harbour.edge.hosts(PLACE) == ["shop.example.com"]


def test_cancelled_in_the_middle_what_served_before_serves_again(harbour: Harbour) -> None:
    image = harbour.image()
    harbour.converge(shop(image, replicas=2))
    before = set(harbour.edge.serving(PLACE))
    other = Http(port=8080, routes=(Route(host="new.example.com"),))
    harbour.told.stop_at_step = "Wait until replica 2"
    with pytest.raises(Cancelled):
        harbour.converge(shop(image, generation=2, replicas=2, http=other), job="job0000002")
    assert set(harbour.edge.serving(PLACE)) == before == running(harbour)
    assert harbour.edge.hosts(PLACE) == ["shop.example.com"]


def test_an_edge_that_takes_nothing_fails_the_order_and_the_former_serves_on(harbour: Harbour) -> None:
    image = harbour.image()
    harbour.converge(shop(image))
    before = running(harbour)
    harbour.edge.broken = "the edge does not answer"
    with pytest.raises(ProcedureError) as caught:
        harbour.converge(shop(image, generation=2), job="job0000002")
    assert caught.value.problem.code == "edge_failed"
    assert running(harbour) == before == set(harbour.edge.serving(PLACE))


def test_a_host_without_an_edge_refuses_routes_and_takes_the_rest(harbour: Harbour) -> None:
    image = harbour.image()
    harbour.edge = NoEdge()  # type: ignore[assignment]
    harbour.converge(order(image))
    with pytest.raises(ProcedureError) as caught:
        harbour.converge(shop(image, generation=2), job="job0000002")
    assert "no edge" in caught.value.problem.message
    assert harbour.running() == ["r1"]


def test_scaled_down_the_surplus_is_dismissed_before_it_is_stopped(harbour: Harbour) -> None:
    wanted = shop(harbour.image(), replicas=2)
    harbour.converge(wanted)
    kept = msgspec.structs.replace(wanted, replicas=wanted.replicas[:1], generation=2)
    harbour.edge.calls.clear()
    harbour.converge(kept, job="job0000002")
    assert [call for call, _ in harbour.edge.calls] == ["dismiss", "settle"]
    assert set(harbour.edge.serving(PLACE)) == running(harbour)
    assert len(harbour.edge.serving(PLACE)) == 1


def test_a_service_that_is_gone_or_has_no_routes_any_more_is_no_site(harbour: Harbour) -> None:
    image = harbour.image()
    harbour.converge(shop(image))
    harbour.converge(shop(image, generation=2, http=None), job="job0000002")
    assert (harbour.edge.serving(PLACE), harbour.edge.hosts(PLACE)) == ([], [])
    harbour.converge(shop(image, generation=3), job="job0000003")
    assert harbour.edge.hosts(PLACE) == ["shop.example.com"]
    harbour.converge(shop(image, generation=4, replicas=0), job="job0000004")
    assert harbour.edge.hosts(PLACE) == []


def test_a_stopped_replica_gets_no_request_and_gets_them_again_when_it_is_started(harbour: Harbour) -> None:
    wanted = shop(harbour.image(), replicas=2)
    harbour.converge(wanted)
    first, second = wanted.replicas
    stopped = msgspec.structs.replace(
        wanted, replicas=(msgspec.structs.replace(first, desired="stopped"), second), generation=2
    )
    harbour.converge(stopped, job="job0000002")
    assert set(harbour.edge.serving(PLACE)) == running(harbour)
    assert len(running(harbour)) == 1
    harbour.converge(msgspec.structs.replace(wanted, generation=3), job="job0000003")
    assert set(harbour.edge.serving(PLACE)) == running(harbour)
    assert len(running(harbour)) == 2


def test_a_restarted_replica_gets_none_meanwhile(harbour: Harbour) -> None:
    wanted = shop(harbour.image())
    harbour.converge(wanted)
    harbour.edge.calls.clear()
    again = msgspec.structs.replace(wanted, restart=(wanted.replicas[0].replica,))
    harbour.converge(again, job="job0000002")
    assert [call for call, _ in harbour.edge.calls] == ["dismiss", "admit", "settle"]


def test_a_key_that_did_not_come_with_the_order_is_our_fault(harbour: Harbour) -> None:
    tls = msgspec.structs.replace(SHOP, tls="own", certificates=(OwnCertificate(certificate="c1", secret="c1"),))
    wanted = with_spec(shop(harbour.image(), http=tls))
    with pytest.raises(ProcedureError) as caught:
        harbour.converge(wanted)
    assert (caught.value.problem.code, caught.value.problem.whose) == ("secret_missing", "us")
    harbour.converge(wanted, job="job0000002", c1="pem")
    assert len(harbour.edge.serving(PLACE)) == 1
