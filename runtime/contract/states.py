"""States and their lawful transitions, as one pure table per thing that has states.

A state with no way out is terminal. *lost* (the lease expired, nobody answered) differs from *failed* (somebody
answered: no), and a lost job may be taken up again.
"""

from collections.abc import Mapping

Transitions = Mapping[str, frozenset[str]]


def _table(rows: dict[str, str]) -> Transitions:
    return {state: frozenset(targets.split()) for state, targets in rows.items()}


JOB: Transitions = _table(
    {
        "queued": "claimed cancelled failed",
        "claimed": "running succeeded failed cancelled lost",
        "running": "succeeded failed cancelled lost",
        "lost": "queued failed cancelled",
        "succeeded": "",
        "failed": "",
        "cancelled": "",
    }
)

BUILD: Transitions = _table(
    {
        "queued": "claimed failed cancelled",
        "claimed": "building succeeded failed cancelled lost",
        "building": "pushing succeeded failed cancelled lost",
        "pushing": "succeeded failed cancelled lost",
        "lost": "queued failed cancelled",
        "succeeded": "",
        "failed": "",
        "cancelled": "",
    }
)

PUSH: Transitions = _table(  # skipped: the build had no tag for it
    {
        "queued": "succeeded failed skipped cancelled",
        "succeeded": "",
        "failed": "",
        "skipped": "",
        "cancelled": "",
    }
)

DEPLOYMENT: Transitions = _table(
    {
        "awaiting_approval": "queued cancelled superseded failed",
        "in_line": "queued cancelled superseded failed",
        "queued": "rolling succeeded failed cancelled superseded",
        "rolling": "succeeded failed rolled_back cancelled",
        "succeeded": "",
        "failed": "",
        "rolled_back": "",
        "cancelled": "",
        "superseded": "",
    }
)

REPLICA: Transitions = _table(
    {
        "pending": "starting healthy unhealthy stopping stopped lost",
        "starting": "healthy unhealthy stopping stopped lost",
        "healthy": "starting unhealthy stopping stopped lost",
        "unhealthy": "starting healthy stopping stopped lost",
        "stopping": "starting healthy stopped lost",
        "stopped": "pending starting healthy unhealthy stopping lost",
        "lost": "pending starting healthy unhealthy stopping stopped",
    }
)

STEP: Transitions = _table(
    {
        "running": "succeeded failed cancelled",
        "succeeded": "",
        "failed": "",
        "cancelled": "",
    }
)


def is_terminal(table: Transitions, state: str) -> bool:
    """True when nothing follows `state`. Raises KeyError for an unknown state."""
    return not table[state]


def may_become(table: Transitions, state: str, target: str) -> bool:
    """True when `target` may follow `state` in this table. Staying in a state is not a transition."""
    return target in table[state]


def terminal_states(table: Transitions) -> frozenset[str]:
    """Every state of the table with no way out."""
    return frozenset(state for state, targets in table.items() if not targets)
