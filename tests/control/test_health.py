"""What monitors are told."""

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from tests.cast import Cast
from webapp.hosts.models import Host

pytestmark = [pytest.mark.django_db, pytest.mark.urls("webapp.control.urls")]


def test_alive_needs_nothing(settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    assert Client().get("/healthz").status_code == 200


def test_ready_with_database_redis_and_a_host(cast: Cast, redis_url: str) -> None:
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["parts"] == {"database": "ok", "redis": "ok", "hosts": "ok"}


def test_not_ready_without_a_ready_host(cast: Cast, redis_url: str) -> None:
    Host.objects.update(engine_answers=False)
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["parts"]["hosts"]) == (503, "no host is ready")


def test_not_ready_without_redis(cast: Cast, redis_url: str, settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["parts"]["redis"]) == (503, "does not answer")


def test_numbers_are_counted_by_state_and_name_nobody(cast: Cast, redis_url: str) -> None:
    text = Client().get("/metrics").content.decode()
    assert 'slipway_hosts{state="ready"} 1.0' in text
    assert "slipway_redis_up 1.0" in text
    assert "slipway_archive_lag_seconds 0.0" in text
    assert "process_resident_memory_bytes" in text
    assert "local" not in text


def test_numbers_come_without_redis_too(cast: Cast, redis_url: str, settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    assert "slipway_redis_up 0.0" in Client().get("/metrics").content.decode()


def test_nothing_is_changed_here(cast: Cast) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert Client().post(path).status_code == 405
