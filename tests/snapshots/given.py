"""Replicas that run, and what their host says of their files."""

from typing import Any

from runtime.contract.reports import FileChange, FilesResult, Finish
from tests.deployments.rig import Harbour
from webapp.deployments.models import Replica
from webapp.environments.models import Environment
from webapp.snapshots.models import Comparison
from webapp.snapshots.services import compare

CHANGES = (
    FileChange(kind="added", path="/app/.env", size=30),
    FileChange(kind="added", path="/data/new", size=5_000_000),
    FileChange(kind="changed", path="/etc/passwd", size=900),
    FileChange(kind="deleted", path="/etc/shadow"),
)


def a_replica(harbour: Harbour, environment: Environment | None = None) -> Replica:
    """One that runs; in `dev` unless an environment is named."""
    harbour.deployed(environment)
    return harbour.replicas(environment)[0]


def a_protected_replica(harbour: Harbour) -> Replica:
    """One that runs in `production`."""
    cast = harbour.cast
    cast.production.required_approvals = 0
    cast.production.save()
    return a_replica(harbour, cast.production)


def found(*changes: FileChange, **more: Any) -> FilesResult:
    counts = {kind: sum(one.kind == kind for one in changes) for kind in ("added", "changed", "deleted")}
    return FilesResult(**{"changes": list(changes), **counts, **more})


def compared(harbour: Harbour, replica: Replica, *changes: FileChange, **more: Any) -> Comparison:
    """A look that the host has answered."""
    row = compare(actor=harbour.cast.actor("owner"), replica=replica)
    result = found(*(changes or CHANGES), **more)
    harbour.play(row.job, Finish(state="succeeded", last_line=0, result=result))
    return Comparison.objects.get(id=row.id)
