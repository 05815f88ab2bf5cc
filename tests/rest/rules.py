"""Who may do what at every endpoint: the rooms' own tables (`tests/<room>/rules.py`), gathered."""

from tests.audit.rules import RULES as AUDIT
from tests.blobs.rules import RULES as UPLOADS
from tests.certificates.rules import RULES as CERTIFICATES
from tests.deploykeys.rules import RULES as DEPLOY_KEYS
from tests.deployments.rules import RULES as RUNNING
from tests.environments.rules import RULES as ENVIRONMENTS
from tests.exports.rules import RULES as EXPORTS
from tests.hooks.rules import RULES as HOOKS
from tests.hosts.rules import RULES as HOSTS
from tests.isolation.rules import RULES as ISOLATION
from tests.notices.rules import RULES as NOTICES
from tests.registries.rules import RULES as REGISTRIES
from tests.rest.walk import Rule
from tests.retention.rules import RULES as RETENTION
from tests.snapshots.rules import RULES as SNAPSHOTS
from tests.teams.rules import RULES as TEAMS
from tests.volumes.rules import RULES as VOLUMES


def somewhere(cast: object) -> dict[str, str]:
    return {"path": "no/such/place/"}


FLOOR = (
    Rule("api-root", "get", (200, 200, 200, 200, 200, 200)),
    Rule("api-schema", "get", (200, 200, 200, 200, 200, 200)),
    Rule("api-docs", "get", (200, 200, 200, 200, 200, 200), nobody=302),
    *(
        Rule("api-nowhere", method, (404, 404, 404, 404, 404, 404), where=somewhere)
        for method in ("get", "post", "put", "patch", "delete")
    ),
)

RULES: tuple[Rule, ...] = (
    *FLOOR,
    *TEAMS,
    *AUDIT,
    *VOLUMES,
    *HOSTS,
    *ISOLATION,
    *ENVIRONMENTS,
    *REGISTRIES,
    *UPLOADS,
    *CERTIFICATES,
    *DEPLOY_KEYS,
    *RUNNING,
    *RETENTION,
    *EXPORTS,
    *HOOKS,
    *NOTICES,
    *SNAPSHOTS,
)
