"""A machine that becomes a host, as its own code does it."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from runtime.contract import CONTRACT_VERSION
from runtime.contract.enrollment import ENROLLMENTS_PATH, EnrollRequest
from runtime.contract.reports import encode
from runtime.worker.identity import Identity, new_identity

NO_REDIS = "redis://127.0.0.1:1/0"


@dataclass
class Machine:
    """Its key is made when it is; `client` is its way to the control plane."""

    identity: Identity = field(default_factory=new_identity)
    client: Client = field(default_factory=Client)

    def ask(self, code: str, **instead: Any) -> EnrollRequest:
        """The request, with some fields said otherwise."""
        said = {"contract": CONTRACT_VERSION, "code": code, "key": self.identity.public}
        return EnrollRequest(**{**said, "signature": self.identity.sign_code(code), **instead})

    def enroll(self, code: str, **instead: Any) -> tuple[int, dict[str, Any]]:
        """The answer's status and body."""
        body = encode(self.ask(code, **instead))
        answer = self.client.post(ENROLLMENTS_PATH, body, content_type="application/json")
        return answer.status_code, json.loads(answer.content)
