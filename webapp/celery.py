"""The control plane's Celery app: it only rings doorbells (webapp.jobs.dispatch); it runs no task."""

from celery import Celery
from django.conf import settings

CONNECT_TIMEOUT_SECONDS = 3


def broker_url(redis_url: str) -> str:
    """Celery's spelling of a Redis URL: a unix socket is `redis+socket://`."""
    return redis_url.replace("unix://", "redis+socket://", 1)


app = Celery("slipway")
app.conf.update(
    broker_url=broker_url(settings.REDIS_URL),
    broker_connection_timeout=CONNECT_TIMEOUT_SECONDS,
    broker_transport_options={
        "socket_timeout": 5,
        "socket_connect_timeout": CONNECT_TIMEOUT_SECONDS,
        # Without these a request whose doorbell cannot ring waits 6 s for a Redis that is away.
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.05,
        "interval_max": 0.1,
    },
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    result_backend=None,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
)
