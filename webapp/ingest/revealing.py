"""The secrets of a claim: those of environments, and the passwords of registries."""

from webapp.environments import vault
from webapp.jobs.models import Job
from webapp.registries import logins


def secrets_for(job: Job) -> dict[str, str]:
    """Name -> value, for the host that has claimed the job. Raises `Missing`, as `vault.reveal` does."""
    registries = {name: kept for name, kept in job.secrets.items() if logins.is_of_registry(kept)}
    others = {name: kept for name, kept in job.secrets.items() if name not in registries}
    return vault.reveal(others) | logins.reveal(job, registries)
