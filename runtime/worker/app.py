"""The Celery worker of one host: it hears the doorbell on the host's own queue, and nothing else.

No result backend, no remote control, no gossip, no events: with remote control on, a worker of this version dies when
Redis restarts. The message is acknowledged when it arrives; the lease, not the broker, watches over the job.
"""

import logging
import os
import shutil
import threading
from collections.abc import Callable

from celery import Celery
from celery.signals import worker_shutting_down
from kombu import Exchange, Queue

from runtime.contract.names import DOORBELL_TASK, host_queue
from runtime.engine.docker import DockerEngine
from runtime.sources.means import GitLimits
from runtime.worker.alone import alone
from runtime.worker.attempt import Hands
from runtime.worker.broker import broker_url, guard_transport
from runtime.worker.config import Config
from runtime.worker.control_plane import ControlPlane
from runtime.worker.edge import edge_of
from runtime.worker.job import carry_out
from runtime.worker.masks import Masks
from runtime.worker.secret_files import SecretFolders, memory_root
from runtime.worker.tasks import ring

SOCKET_SECONDS = 15.0  # longer than the second for which the transport blocks on the queue
CONNECT_SECONDS = 3.0
HEALTH_CHECK_SECONDS = 10
GRACE_SECONDS = 6.0  # running jobs may end in this time when the worker is told to stop
LEAVE_SECONDS = 4.0  # and then have this time to let go

logger = logging.getLogger(__name__)


def make_app(config: Config, *, on_ring: Callable[[str], None]) -> Celery:
    """The app that calls `on_ring` with a job's id."""
    queue = host_queue(config.host)
    # Without its fixups Celery does not set Django up where the environment names settings of it.
    app = Celery("slipway-worker", fixups=[])
    app.conf.update(
        broker_url=broker_url(config.broker.reveal()),
        broker_connection_timeout=CONNECT_SECONDS,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "socket_timeout": SOCKET_SECONDS,
            "socket_connect_timeout": CONNECT_SECONDS,
            "socket_keepalive": True,
            "health_check_interval": HEALTH_CHECK_SECONDS,
            # Of one's own, so that no host can put messages back into another's queue.
            "unacked_key": f"{queue}.unacked",
            "unacked_index_key": f"{queue}.unacked_index",
            "unacked_mutex_key": f"{queue}.unacked_mutex",
        },
        broker_heartbeat=0,
        result_backend=None,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_acks_late=False,
        # A bare queue would inherit the exchange and routing key of Celery's default queue.
        task_queues=[Queue(queue, exchange=Exchange(queue, type="direct"), routing_key=queue)],
        task_default_queue=queue,
        task_create_missing_queues=False,
        worker_prefetch_multiplier=1,
        worker_enable_prefetch_count_reduction=False,
        worker_enable_remote_control=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_pool="threads",
        worker_concurrency=config.concurrency,
    )

    @app.task(name=DOORBELL_TASK, ignore_result=True)
    def _ring(job: object = None, contract: object = None, *_: object) -> None:
        ring(job, contract, carry_out=on_ring)

    return app


def run_worker(config: Config) -> None:
    """Hears doorbells until it is told to stop."""
    guard_transport()
    with alone(config.home, "worker"):
        shutil.rmtree(config.jobs, ignore_errors=True)
        engine = DockerEngine(address=config.engine, publish_address=config.publish_address)
        control_plane = ControlPlane(url=config.url, credential=config.credential, identity=config.identity)
        hands = Hands(
            control_plane=control_plane,
            engine=engine,
            jobs=config.jobs,
            masks=Masks(config.masks),
            secret_files=SecretFolders(memory_root(config.home, asked=config.secrets_folder)),
            edge=edge_of(config),
            git=GitLimits(private=config.private_hosts, known_hosts=config.known_hosts),
            fault=config.fault,
        )
        app = make_app(config, on_ring=lambda job: carry_out(job, hands=hands))
        stopping = _bounded_stop(hands)
        worker_shutting_down.connect(stopping)
        app.worker_main(["worker", "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=INFO"])


def _bounded_stop(hands: Hands) -> Callable[..., None]:
    """Celery waits for running tasks without end; a stop has one."""

    def stop_in_time(**_: object) -> None:
        first = threading.Timer(GRACE_SECONDS, hands.let_go)
        last = threading.Timer(GRACE_SECONDS + LEAVE_SECONDS, os._exit, (1,))
        for timer in (first, last):
            timer.daemon = True
            timer.start()

    return stop_in_time
