"""`manage.py control`: the control worker. Ends on SIGTERM and SIGINT, after the part that it is in."""

import logging
import os
import signal
import socket
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from webapp.control.duties import LOOPS
from webapp.control.leading import Control
from webapp.ids import new_id

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Run the control loops: leases, doorbells, archive, reconciling."

    def handle(self, *args: Any, **options: Any) -> None:
        control = Control(holder=f"{socket.gethostname()[:24]}.{os.getpid()}.{new_id()[-8:]}", loops=LOOPS)

        def stop(signum: int, frame: FrameType | None) -> None:
            control.stopping.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        logger.info("control starts holder=%s", control.holder)
        control.run()
        logger.info("control ends holder=%s", control.holder)
