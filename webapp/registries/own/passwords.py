"""With what a host signs in: a password that is made of the job's attempt, good while that is under way.

Nothing is kept: it is the attempt's number and id under a key of ours.
"""

from django.utils.crypto import constant_time_compare, salted_hmac

from webapp.jobs.models import Job
from webapp.jobs.transitions import LIVE

USERNAME = "slipway"
KIND = "slr"
SALT = "webapp.registries.own"


def password_of(job: Job) -> str:
    """For the claim of this attempt."""
    return f"{KIND}_{job.id}_{job.attempt}_{_proof(job.id, job.attempt)}"


def find_job(password: str) -> Job | None:
    """The job under way that has this password; None for a wrong one, an earlier attempt's, or a host let go."""
    parts = password.split("_")
    kind, job_id, attempt, proof = parts if len(parts) == len(("kind", "job", "attempt", "proof")) else ("", "", "", "")
    number = int(attempt) if attempt.isascii() and attempt.isdigit() and len(attempt) < len("100000") else 0
    if kind != KIND or not constant_time_compare(proof, _proof(job_id, number)):
        return None
    jobs = Job.objects.select_related("project__team", "host").filter(id=job_id, attempt=number, state__in=LIVE)
    return jobs.exclude(host__credential_digest="").first()


def _proof(job_id: str, attempt: int) -> str:
    return salted_hmac(SALT, f"{job_id} {attempt}", algorithm="sha256").hexdigest()
