"""A host that calls over HTTP, with a build's job waiting for it."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from django.test import Client

from runtime.contract import CONTRACT_VERSION, names, wire
from runtime.contract.reports import Claim
from tests.cast import Cast
from tests.redis_rig import redis_server, redis_url
from webapp.hosts.models import Host
from webapp.hosts.services import enroll
from webapp.images.models import Build, Image
from webapp.images.services import define_image, request_build
from webapp.jobs import dispatch
from webapp.jobs.models import Job
from webapp.teams.policy import SYSTEM

__all__ = ["redis_server", "redis_url"]


@dataclass
class Caller:
    """One host's HTTP calls; `token` is the attempt's, once a job was claimed."""

    credential: str
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    client: Client = field(default_factory=Client)

    def post(self, path: str, body: msgspec.Struct | bytes | dict[str, Any], **headers: str) -> Any:
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        sent = {
            "Authorization": f"Bearer {self.credential}",
            names.HEADER_CONTRACT: str(CONTRACT_VERSION),
            names.HEADER_JOB_TOKEN: self.token,
            **self.headers,
            **headers,
        }
        shown = {name: value for name, value in sent.items() if value}
        answer: Any = self.client.post(path, data, content_type="application/json", headers=shown)
        return answer

    def claim(self, job_id: str) -> Claim:
        answer = self.post(wire.CLAIMS_PATH, wire.ClaimRequest(job=job_id))
        assert answer.status_code == 200, answer.content
        claim = wire.claim_decoder.decode(answer.content)
        self.token = claim.token
        return claim


@dataclass
class Harbour:
    """The cast's host with a queued build, and a second host that is none of its business."""

    cast: Cast
    build: Build
    host: Caller
    other: Caller
    other_host: Host

    @property
    def job(self) -> Job:
        return Job.objects.get(id=self.build.job_id)

    def state(self) -> str:
        return Build.objects.get(id=self.build.id).state


@pytest.fixture
def harbour(cast: Cast, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Harbour:
    monkeypatch.setattr(dispatch, "_send", lambda *, job_id, queue_name: None)
    other_host, other = enroll(actor=SYSTEM, name="other")
    image: Image = define_image(
        actor=cast.actor("developer"),
        project=cast.project,
        slug="front",
        source={"kind": "dockerfile", "dockerfile": "FROM scratch\n", "files": {}},
        build={},
    )
    build = request_build(actor=cast.actor("developer"), image=image)
    return Harbour(
        cast=cast, build=build, host=Caller(cast.host_credential), other=Caller(other), other_host=other_host
    )
