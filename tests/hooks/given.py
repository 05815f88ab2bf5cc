"""A hook, and what each kind of sender sends to it."""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

from django.test import Client
from django.utils.timezone import now

from tests.deployments.rig import Harbour
from tests.images.given import an_image
from webapp.hooks.models import Hook
from webapp.hooks.services import create_hook
from webapp.hooks.signatures import sign
from webapp.images.models import Image

REPOSITORY = "https://git.example.org/team/shop.git"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER_COMMIT = "f" * 40
NOTHING = "0" * 40


@dataclass
class Sender:
    """A code host that knows the hook's address and secret."""

    hook: Hook
    secret: str
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))

    def headers(self, body: bytes, *, key: str = "one", **more: str) -> dict[str, str]:
        """What this kind sends with this body."""
        signature = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        given = {
            "github": {
                "X-GitHub-Event": "push",
                "X-GitHub-Delivery": key,
                "X-Hub-Signature-256": f"sha256={signature}",
            },
            "gitea": {"X-Gitea-Event": "push", "X-Gitea-Delivery": key, "X-Gitea-Signature": signature},
            "gitlab": {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Event-UUID": key, "X-Gitlab-Token": self.secret},
            "generic": {
                "X-Slipway-Delivery": key,
                "X-Slipway-Signature": sign(secret=self.secret, body=body, at=now()),
            },
        }
        return {**given[self.hook.kind], **more}

    def send(self, payload: Any = None, *, key: str = "one", headers: dict[str, str] | None = None) -> Any:
        """Deliver; without a payload the push of `COMMIT` to main."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload or push(self.hook.kind)).encode()
        return self.post(body, self.headers(body, key=key) | (headers or {}))

    def post(self, body: bytes, headers: dict[str, str]) -> Any:
        return self.client.post(f"/hooks/{self.hook.id}/", body, "application/json", headers=headers)


def push(kind: str, **more: Any) -> dict[str, Any]:
    """A push to main, as this kind of sender tells it."""
    if kind == "generic":
        return {"repository": REPOSITORY, "branch": "main", "commit": COMMIT, "author": "ann", **more}
    commits = [{"id": COMMIT, "added": [], "modified": ["shop/app.py"], "removed": []}]
    common = {"ref": "refs/heads/main", "before": OTHER_COMMIT, "after": COMMIT, "commits": commits}
    if kind == "gitlab":
        project = {"git_http_url": REPOSITORY, "web_url": REPOSITORY.removesuffix(".git")}
        told = {"object_kind": "push", "checkout_sha": COMMIT, "user_username": "ann", "project": project}
        return {**common, **told, "total_commits_count": 1, **more}
    told = {
        "repository": {"clone_url": REPOSITORY, "html_url": REPOSITORY.removesuffix(".git")},
        "head_commit": {"id": COMMIT, "author": {"username": "ann", "name": "Ann"}},
        "pusher": {"name": "ann"},
    }
    return {**common, **told, **more}


def a_git_image(harbour: Harbour, slug: str = "shop") -> Image:
    return an_image(harbour.cast, slug, source={"kind": "git", "url": REPOSITORY})


def a_sender(harbour: Harbour, kind: str = "github", image: Image | None = None, **more: Any) -> Sender:
    hook, secret = create_hook(
        actor=harbour.cast.actor("operator"),
        image=image or a_git_image(harbour),
        **{"name": "pushes", "kind": kind, **more},
    )
    return Sender(hook, secret)
