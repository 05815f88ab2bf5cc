"""One attempt at a job: its lease, its reports, its folder, and the end of all of them."""

import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from runtime.contract.reports import Claim, Finish, HeartbeatAnswer, Lines, LinesAnswer, Progress
from runtime.contract.wire import Heartbeat
from runtime.edge.base import Edge
from runtime.edge.none import NoEdge
from runtime.engine.base import Engine
from runtime.health import NetworkProber, Prober
from runtime.procedures.ports import Secrets
from runtime.redaction import Redactor, Secret
from runtime.sources.means import GitLimits
from runtime.worker.control_plane import ControlPlane
from runtime.worker.lease import Lease
from runtime.worker.masks import Masks
from runtime.worker.outbox import Outbox
from runtime.worker.reporter import JobReporter
from runtime.worker.secret_files import SecretFolders
from runtime.worker.spool import Spool
from runtime.worker.turns import Turns


@dataclass(slots=True)
class Hands:
    """What a worker carries jobs out with."""

    control_plane: ControlPlane
    engine: Engine
    jobs: Path  # the folder of work folders
    masks: Masks
    secret_files: SecretFolders
    prober: Prober = field(default_factory=NetworkProber)
    edge: Edge = field(default_factory=NoEdge)
    git: GitLimits = field(default_factory=GitLimits)
    fault: str = ""
    turns: Turns = field(default_factory=Turns)
    leases: dict[str, Lease] = field(default_factory=dict)  # of the jobs at work, by work folder

    def let_go(self) -> None:
        """This worker ends: every job stops where it stands and is taken up again when its lease has run out."""
        for lease in list(self.leases.values()):
            lease.abandon("this worker stops")


@dataclass(frozen=True, slots=True)
class Held:
    """The calls about one job that we hold."""

    control_plane: ControlPlane
    job: str
    token: Secret

    def beat(self) -> HeartbeatAnswer:
        return self.control_plane.heartbeat(self.job, self.token, Heartbeat(clock_ns=time.time_ns()))

    def progress(self, progress: Progress) -> None:
        self.control_plane.progress(self.job, self.token, progress)

    def lines(self, lines: Lines) -> LinesAnswer:
        return self.control_plane.lines(self.job, self.token, lines)

    def blob(self, digest: str, *, start: int) -> AbstractContextManager[Iterator[bytes]]:
        return self.control_plane.blob(self.job, self.token, digest, start=start)

    def piece(self, offset: int, piece: bytes) -> int:
        return self.control_plane.piece(self.job, self.token, offset, piece)

    def finish(self, finish: Finish) -> None:
        self.control_plane.finish(self.job, self.token, finish)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One claimed job, at work."""

    claim: Claim
    held: Held
    lease: Lease
    outbox: Outbox
    reporter: JobReporter
    redactor: Redactor
    secrets: Secrets
    folder: Path


@contextmanager
def at_work(claim: Claim, since: float, hands: Hands) -> Iterator[Attempt]:
    """The lease is kept and reports are sent inside; afterwards nothing of the attempt is left here."""
    folder = hands.jobs / f"{claim.job}-{claim.attempt}"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "work").mkdir(mode=0o700, parents=True)
    spool = Spool(folder / "lines.sqlite3")
    held = Held(hands.control_plane, claim.job, Secret(claim.token))
    lease = Lease(
        job=claim.job,
        seconds=claim.lease,
        interval=claim.heartbeat,
        since=since,
        beat=held.beat,
    )
    outbox = Outbox(log=claim.log, lease=lease, channel=held, spool=spool)
    secrets = {name: Secret(value) for name, value in claim.secrets.items()}
    redactor = Redactor([*secrets.values(), held.token])
    reporter = JobReporter(outbox=outbox, lease=lease, redactor=redactor, fault=hands.fault)
    hands.leases[folder.name] = lease
    lease.start(on_archived=outbox.archived)
    outbox.start()
    try:
        yield Attempt(
            claim=claim,
            held=held,
            lease=lease,
            outbox=outbox,
            reporter=reporter,
            redactor=redactor,
            secrets=secrets,
            folder=folder / "work",
        )
    finally:
        lease.close()
        outbox.close()
        spool.close()
        del hands.leases[folder.name]
        shutil.rmtree(folder, ignore_errors=True)
