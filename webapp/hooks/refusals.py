"""What is refused of deliveries beyond what verbs refuse, and how the trail hears of it."""

import math

from webapp.audit.services import record_refusal
from webapp.hooks.models import Hook
from webapp.problems import Refusal

ACTIONS = {"hook.disabled": "hook.ignored", "hook.other_repository": "hook.ignored", "hook.rate": "rate.limited"}


class TooMany(Refusal):
    """429: it is `wait` seconds until there is room."""

    status = 429
    title = "Too many requests"

    def __init__(self, *, wait: float) -> None:
        detail = "So many deliveries in a minute are not heard: send it again later."
        super().__init__(code="hook.rate", detail=detail, retry_after=max(1, math.ceil(wait)))


def remember(refusal: Refusal, *, hook_id: str, ip: str, request_id: str) -> None:
    """Audit it; the same again within a minute is counted. Whoever sent it is nobody whom we know."""
    known = Hook.objects.select_related("image__project").filter(id=hook_id[:26]) if hook_id.isprintable() else ()
    hook = next(iter(known), None)
    record_refusal(
        actor=None,
        action=ACTIONS.get(refusal.code, "hook.denied"),
        reason=f"hook {hook.name}: {refusal.code}" if hook is not None else refusal.code,
        target_type="hook",
        target_id=hook.id if hook is not None else "",
        team_id=hook.image.project.team_id if hook is not None else "",
        project_id=hook.image.project_id if hook is not None else "",
        ip=ip,
        request_id=request_id,
    )
