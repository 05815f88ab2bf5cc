"""Secrets at rest: encrypted here, opened here and nowhere else."""

from collections.abc import Mapping

from cryptography.fernet import InvalidToken
from django.db import transaction

from webapp import sealing
from webapp.environments.models import Secret
from webapp.problems import Missing
from webapp.rest.models import IdempotentAnswer

BATCH = 200


def encrypt(text: str) -> bytes:
    """Under the newest key."""
    return sealing.seal(text)


def decrypt(ciphertext: bytes | memoryview) -> str:
    """Under whichever key it was encrypted with."""
    return sealing.unseal(bytes(ciphertext))


def reveal(secret_ids: Mapping[str, str]) -> dict[str, str]:
    """The values of these secrets, for a host's claim: name -> secret's id in, name -> value out.

    Raises `Missing` when one is not there or no key opens it: a job must not start with half of what it needs.
    """
    found = Secret.objects.in_bulk(list(secret_ids.values()))
    lacking = sorted(name for name, secret_id in secret_ids.items() if secret_id not in found)
    if lacking:
        raise Missing(code="secret.missing", detail=f"There is no secret {', '.join(lacking)} (any more).")
    return {name: _opened(found[secret_id]) for name, secret_id in secret_ids.items()}


def _opened(secret: Secret) -> str:
    try:
        return decrypt(secret.ciphertext)
    except InvalidToken as error:
        detail = f"No key that Slipway has opens secret {secret.name}."
        raise Missing(code="secret.unreadable", detail=detail) from error


def rotate() -> int:
    """Encrypt everything again under the newest key; how many secrets that were. May be repeated at any time."""
    done = 0
    for secret_id in Secret.objects.order_by("id").values_list("id", flat=True).iterator(chunk_size=BATCH):
        with transaction.atomic():
            secret = Secret.objects.select_for_update().filter(id=secret_id).first()
            if secret is not None:
                Secret.objects.filter(id=secret_id).update(ciphertext=sealing.reseal(bytes(secret.ciphertext)))
                done += 1
    # Kept answers may hold a token's secret; they are only good for a day, so they need not outlive their key.
    IdempotentAnswer.objects.all().delete()
    return done
