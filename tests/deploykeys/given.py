"""Host keys and deploy keys as tests give them."""

import base64

from tests.cast import Cast
from webapp.deploykeys.models import DeployKey
from webapp.deploykeys.services import create_deploy_key


def a_key(cast: Cast, name: str = "shop", *, who: str = "developer", known_hosts: str = "") -> DeployKey:
    """A deploy key of the cast's project."""
    return create_deploy_key(actor=cast.actor(who), project=cast.project, name=name, known_hosts=known_hosts)


def blob(kind: str) -> str:
    """A key that says that it is of this kind, and is otherwise nonsense."""
    return base64.b64encode(len(kind).to_bytes(4, "big") + kind.encode() + b"nonsense").decode()
