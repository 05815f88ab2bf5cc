"""Where a name is served with one's own certificate: with an order, and again when a newer one is brought."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from runtime.contract.orders import ConvergeService
from runtime.contract.routes import OwnCertificate
from tests.certificates.given import a_certificate
from tests.deployments.rig import Harbour
from tests.deployments.test_routes import deploy, give_edges, order_of, reached
from webapp.certificates.models import Certificate
from webapp.certificates.services import delete_certificate
from webapp.deployments import certified
from webapp.jobs.models import Job
from webapp.problems import Conflicting, Unplannable
from webapp.teams.policy import SYSTEM

pytestmark = pytest.mark.thorough


@pytest.fixture
def shop(harbour: Harbour) -> Harbour:
    """A service at shop.example.com, with its own certificate."""
    give_edges()
    reached(harbour, "shop.example.com", tls="own")
    return harbour


def now() -> datetime:
    return datetime.now(UTC)


def test_without_a_certificate_that_is_good_it_is_not_planned(shop: Harbour) -> None:
    a_certificate(shop.cast, "other.example.com")
    a_certificate(shop.cast, "shop.example.com", name="early", starts=timedelta(days=1))
    with pytest.raises(Unplannable) as refused:
        deploy(shop)
    assert refused.value.reasons == ["No certificate of the project is good for shop.example.com now: bring one."]


def test_the_order_names_it_and_the_job_has_it_for_the_claim(shop: Harbour) -> None:
    certificate = a_certificate(shop.cast, "*.example.com")
    made = deploy(shop)
    secret = f"certificate/{certificate.id}"
    http = order_of(made).http
    assert http is not None
    assert http.certificates == (OwnCertificate(certificate=certificate.id, secret=secret),)
    assert Job.objects.get(deployment_job__deployment=made).secrets == {secret: certificate.id}


def test_a_newer_one_is_delivered_once_to_the_hosts_that_serve_with_it(shop: Harbour) -> None:
    a_certificate(shop.cast)
    shop.carry_out(deploy(shop))
    assert certified.deliver_due(now()) == 1
    job = Job.objects.filter(kind="converge_service").latest("created_at")
    order = msgspec.convert(job.order, type=ConvergeService)
    assert order.deployment is None and order.http is not None and len(order.http.certificates) == 1
    assert certified.deliver_due(now()) == 0
    shop.succeed(job)
    a_certificate(shop.cast)
    assert certified.deliver_due(now() + timedelta(minutes=1)) == 1


def test_while_a_deployment_is_under_way_it_waits(shop: Harbour) -> None:
    a_certificate(shop.cast)
    made = deploy(shop)
    assert certified.deliver_due(now()) == 0
    assert Certificate.objects.get().delivered_at is None
    shop.carry_out(made)
    assert certified.deliver_due(now()) == 1


def test_what_is_served_without_it_is_told_nothing(shop: Harbour) -> None:
    a_certificate(shop.cast, "elsewhere.example.com")
    assert certified.deliver_due(now()) == 0
    assert Certificate.objects.get().delivered_at is not None


def test_the_last_one_for_a_name_that_is_served_stays(shop: Harbour) -> None:
    first = a_certificate(shop.cast)
    shop.carry_out(deploy(shop))
    with pytest.raises(Conflicting, match="the only certificate for front in dev"):
        delete_certificate(actor=SYSTEM, certificate=first, users=certified.users)
    a_certificate(shop.cast, "*.example.com", name="other")
    for _ in range(2):
        delete_certificate(actor=SYSTEM, certificate=first, users=certified.users)
    assert [row.name for row in Certificate.objects.all()] == ["other"]
