"""Secrets at rest: encrypted here, opened here and nowhere else."""

from collections.abc import Mapping

from cryptography.fernet import InvalidToken
from django.apps import apps
from django.db import transaction
from django.db.models import Model

from webapp import sealing
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

    A table whose rows a claim may name says in `REVEALED` which of its sealed columns is told, whichever room it is
    of. Raises `Missing` when one is not there or no key opens it: a job must not start with half of what it needs.
    """
    sealed: dict[str, bytes] = {}
    for model in apps.get_models() if secret_ids else ():
        if hasattr(model, "REVEALED"):
            rows = model._default_manager.filter(pk__in=secret_ids.values())
            sealed.update(rows.values_list("pk", model.REVEALED))
    lacking = sorted(name for name, secret_id in secret_ids.items() if secret_id not in sealed)
    if lacking:
        raise Missing(code="secret.missing", detail=f"There is no secret {', '.join(lacking)} (any more).")
    return {name: _opened(name, sealed[secret_id]) for name, secret_id in secret_ids.items()}


def _opened(name: str, sealed: bytes) -> str:
    try:
        return decrypt(sealed)
    except InvalidToken as error:
        raise Missing(code="secret.unreadable", detail=f"No key that Slipway has opens secret {name}.") from error


def rotate() -> int:
    """Encrypt everything again under the newest key; how many texts that were. May be repeated at any time.

    A table with sealed columns names them in `SEALED`, whichever room it is of.
    """
    done = sum(_reseal(model, field) for model in apps.get_models() for field in getattr(model, "SEALED", ()))
    # Kept answers may hold a token's secret; they are only good for a day, so they need not outlive their key.
    IdempotentAnswer.objects.all().delete()
    return done


def _reseal(model: type[Model], field: str) -> int:
    done = 0
    rows = model._default_manager.order_by("pk")
    for id in rows.values_list("pk", flat=True).iterator(chunk_size=BATCH):
        with transaction.atomic():
            row = rows.select_for_update().filter(pk=id).first()
            if row is not None:
                rows.filter(pk=id).update(**{field: sealing.reseal(bytes(getattr(row, field)))})
                done += 1
    return done
