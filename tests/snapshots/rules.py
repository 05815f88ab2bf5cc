"""Who may do what at the endpoints and pages of replicas' files."""

from typing import Any

from tests.cast import Cast
from tests.deployments.rules import a_replica, harbour_of
from tests.rest.walk import Rule
from tests.snapshots import given

DEVELOPERS_READ = (404, 403, 200, 200, 200, 404)
DEVELOPERS_START = (404, 403, 202, 202, 202, 404)


def a_comparison(cast: Cast) -> dict[str, Any]:
    harbour = harbour_of(cast)
    return {"id": given.compared(harbour, given.a_replica(harbour)).id}


def an_image(cast: Cast) -> dict[str, Any]:
    return {"image": "kept", "message": "as it was"}


RULES = (
    Rule("api_replica_image", "post", DEVELOPERS_START, where=a_replica, body=an_image),
    Rule("api_replica_comparisons", "post", DEVELOPERS_START, where=a_replica),
    Rule("api_comparison", "get", DEVELOPERS_READ, where=a_comparison),
)
