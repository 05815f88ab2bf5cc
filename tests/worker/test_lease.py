"""A lease ends when the control plane says so; while the last word is on its way, its answer alone counts."""

import threading

import pytest

from runtime.contract.reports import HeartbeatAnswer
from runtime.worker.control_plane import Refused
from runtime.worker.lease import Lease
from tests.waiting import until


@pytest.mark.parametrize("ending", [False, True])
def test_a_refused_heartbeat_ends_the_lease_unless_the_last_word_is_being_said(ending: bool) -> None:
    said = threading.Semaphore(0)
    beats: list[int] = []

    def beat() -> HeartbeatAnswer:
        assert said.acquire(timeout=5)
        beats.append(1)
        raise Refused(status=409, detail="job.ended")

    lease = Lease(job="one", seconds=60, interval=0.01, since=0, beat=beat, clock=lambda: 1.0)
    lease.start(on_archived=lambda _: None)
    if ending:
        lease.end()
        said.release(2)
        until(lambda: len(beats) == 2)
        assert not lease.is_over()
    else:
        said.release()
        until(lease.is_over)
        assert len(beats) == 1
    lease.close()
    said.release()
