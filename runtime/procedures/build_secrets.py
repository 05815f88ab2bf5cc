"""Secrets that a build's steps may mount: files that exist while it builds, and nowhere else."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from runtime.contract.names import SECRET_MOUNT
from runtime.contract.orders import BuildImage
from runtime.contract.reports import Problem
from runtime.dockerfile import secret_mounts
from runtime.engine.errors import NoSecretMounts
from runtime.procedures.ports import ProcedureError, Reporter, Secrets
from runtime.redaction import Secret

CLASSIC = "classic"  # the one builder that cannot


@contextmanager
def mounted(order: BuildImage, *, secrets: Secrets, folder: Path, builder: str) -> Iterator[Mapping[str, Path]]:
    """The files by the id of their mount, readable by the owner alone, inside; gone afterwards.

    NoSecretMounts where this host has no BuildKit, ProcedureError where the order is not right.
    """
    if order.secrets and builder == CLASSIC:
        raise NoSecretMounts("this image's build mounts secrets, and this host has no BuildKit")
    folder.mkdir(mode=0o700)
    try:
        yield {id: _written(folder, id, name, secrets) for id, name in order.secrets.items()}
    finally:
        shutil.rmtree(folder)


def tell_mismatch(order: BuildImage, dockerfile: str, reporter: Reporter) -> None:
    """BuildKit says nothing where a step mounts a secret that is not given: the file is just not there."""
    wanted = secret_mounts(dockerfile)
    for id in sorted(wanted - order.secrets.keys()):
        reporter.line("s", f"A step mounts the secret {id}, which this build is not given: it finds no such file.")
    for id in sorted(order.secrets.keys() - wanted):
        reporter.line("s", f"This build is given the secret {id}, and no step mounts it.")


def _written(folder: Path, id: str, name: str, secrets: Secrets) -> Path:
    if not SECRET_MOUNT.fullmatch(id):
        raise ProcedureError(
            Problem(code="build_refused", whose="user", message=f"{id!r} cannot be the id of a secret mount")
        )
    path = folder / id
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(claimed(secrets, name).reveal().encode("utf-8", "replace"))
    return path


def claimed(secrets: Secrets, name: str) -> Secret:
    """A secret that came with the order. ProcedureError."""
    if name not in secrets:
        message = f"The order came without the secret {name}."
        raise ProcedureError(Problem(code="secret_missing", whose="us", message=message))
    return secrets[name]
