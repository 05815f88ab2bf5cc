"""The only sender of tasks. A message is a doorbell: a job's id and the contract version, to the queue of one host."""

import logging
from functools import partial

from django.db import transaction
from kombu import Exchange, Queue
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from runtime.contract import CONTRACT_VERSION, names
from webapp.celery import app
from webapp.jobs.models import Job

logger = logging.getLogger(__name__)


def ring(job: Job) -> None:
    """Ring the job's host when the transaction commits. One that is not heard is rung again by the control loop."""
    transaction.on_commit(partial(_send, job_id=job.id, queue_name=names.host_queue(job.host.name)))


def _send(*, job_id: str, queue_name: str) -> None:
    # A bare queue would inherit the exchange and routing key of Celery's default queue.
    app.amqp.queues.add(Queue(queue_name, exchange=Exchange(queue_name, type="direct"), routing_key=queue_name))
    try:
        app.send_task(names.DOORBELL_TASK, args=[job_id, CONTRACT_VERSION], queue=queue_name, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        logger.warning("job %s: the doorbell of %s was not rung: %s", job_id, queue_name, error)
