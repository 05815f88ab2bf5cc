"""The sections of a service's form, in their order."""

WHAT_RUNS = "What runs"
REACHED = "How it is reached by name"
HEALTH = "How it proves its health"
LIMITS_AND_RESTARTS = "Limits and restarts"
TAKING_OVER = "How a new release takes over"
ISOLATION = "Isolation and secrets"
PLACEMENT = "Where it runs"
SECTIONS = (WHAT_RUNS, REACHED, HEALTH, LIMITS_AND_RESTARTS, TAKING_OVER, PLACEMENT, ISOLATION)
