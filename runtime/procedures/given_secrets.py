"""The secrets that an order gives to its containers: as variables, and as files in a folder of each container's own."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from runtime.contract.names import LABEL_JOB, LABEL_REPLICA
from runtime.contract.orders import ConvergeService
from runtime.contract.reports import Problem
from runtime.engine.base import Engine
from runtime.engine.values import Container
from runtime.procedures.container_user import owner_in
from runtime.procedures.ports import ProcedureError, SecretFiles, Secrets


def variables_of(order: ConvergeService, secrets: Secrets) -> dict[str, str]:
    """The container's environment, secrets resolved. Raises ProcedureError when a secret of the order is missing."""
    spec = order.spec
    named = {*spec.secrets.values(), *spec.secret_files.values()}
    missing = sorted(name for name in named if name not in secrets)
    if missing:
        raise ProcedureError(
            Problem(
                code="secret_missing",
                whose="us",
                message=f"The order came without these secrets: {', '.join(missing)}.",
            )
        )
    return dict(spec.variables) | {name: secrets[secret].reveal() for name, secret in spec.secrets.items()}


def write_files(
    order: ConvergeService, labels: Mapping[str, str], *, engine: Engine, files: SecretFiles, secrets: Secrets
) -> Path | None:
    """The folder of the container with these labels, with its secrets in it; None where it reads none as a file.

    Done before each start: after its host was without power a container's folder is gone, and it does not start
    without.
    """
    spec = order.spec
    if not spec.secret_files:
        return None
    if engine.facts().user_namespaces:
        raise _elsewhere()
    user = spec.isolation.user if spec.isolation is not None else ""
    return files.write(
        service=order.service,
        environment=order.environment,
        container=folder_name(labels),
        files={name: secrets[secret] for name, secret in spec.secret_files.items()},
        owner=owner_in(engine, spec.image, user),
    )


def keep_files(order: ConvergeService, containers: Iterable[Container], *, files: SecretFiles) -> None:
    """The folders of containers that are not there any more go."""
    names = {folder_name(container.labels) for container in containers}
    files.keep(service=order.service, environment=order.environment, containers=names)


def folder_name(labels: Mapping[str, str]) -> str:
    """One job makes one container of a replica, and a container keeps its labels for life."""
    return f"{labels.get(LABEL_REPLICA, '')}-{labels.get(LABEL_JOB, '')}"


def _elsewhere() -> ProcedureError:
    return ProcedureError(
        Problem(
            code="secret_files_impossible",
            whose="host",
            message="This host's engine runs containers as users of its own (user namespaces or rootless), so that "
            "nobody in them could read a file of ours.",
            advice="Let the service read its secrets as variables, or run it on another host.",
        )
    )
