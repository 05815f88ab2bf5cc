"""What a host shows at the control plane's doors: its credential, and at two of them that it holds its key as well."""

import logging
import time
from email.utils import parsedate_to_datetime

import httpx

from runtime.contract import CONTRACT_VERSION
from runtime.contract.enrollment import HEADER_PROOF
from runtime.contract.names import HEADER_CONTRACT
from runtime.redaction import Secret
from runtime.worker.identity import Identity

CLOCK_SECONDS = 5.0

logger = logging.getLogger(__name__)


class Passport:
    """Safe to use from several threads. `identity` None: a host that has no key."""

    def __init__(self, *, url: str, credential: Secret, identity: Identity | None) -> None:
        self._url = url
        self._credential = credential
        self._identity = identity

    def headers(self) -> dict[str, str]:
        """For every call."""
        return {"Authorization": f"Bearer {self._credential.reveal()}", HEADER_CONTRACT: str(CONTRACT_VERSION)}

    def proof(self, *, door: str, body: bytes = b"") -> dict[str, str]:
        """Besides, where the key is asked for."""
        if self._identity is None:
            return {}
        host_id = self._credential.reveal().split("_")[1]
        return {HEADER_PROOF: self._identity.prove(host_id=host_id, door=door, body=body)}

    def look_at_clock(self) -> None:
        """Sign by the control plane's time from now on, which its answers tell to the second; ours may be wrong."""
        if self._identity is None:
            return
        try:
            told = httpx.get(f"{self._url}/healthz", timeout=CLOCK_SECONDS).headers.get("date", "")
            self._identity.offset = parsedate_to_datetime(told).timestamp() - time.time()
        except (httpx.HTTPError, TypeError, ValueError) as error:
            logger.warning("the control plane did not tell its time: %s", type(error).__name__)
