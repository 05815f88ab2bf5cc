"""Chats and mail, through Apprise in a process of its own (courier.py), which is given one notice and nothing else."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from webapp.notices.events import text_of, title_of
from webapp.notices.ways.outcome import Outcome, of_status, refused

SECONDS = 15.0  # to start, and ten of them to speak
COURIER = (sys.executable, "-m", "webapp.notices.courier")


def send(*, url: str, facts: Mapping[str, Any]) -> Outcome:
    """One try."""
    told = _ask({"url": url, "title": title_of(facts), "body": text_of(facts)})
    answered = told.get("status")
    status = answered if isinstance(answered, int) else None
    match told.get("how"):
        case "sent":
            return of_status(status) if status else Outcome(True, "Sent.")
        case "blocked":
            said = "The address is private. An administrator may allow it (SLIPWAY_PRIVATE_TARGETS)."
            return Outcome(False, said, again=False, blocked=True)
        case "unknown":
            return refused("Apprise does not understand this URL.")
        case "late":
            return Outcome(False, "There was no answer in time. Try again later.")
    if status and status >= 300:
        return of_status(status)
    return Outcome(False, "The receiver could not be reached, or refused the notice.", status)


def is_understood(url: str) -> bool:
    """Does Apprise take this URL? Nothing is sent."""
    return _ask({"url": url}).get("how") == "understood"


def _ask(order: Mapping[str, Any]) -> dict[str, Any]:
    """By way of its input, since arguments can be read by others on the machine."""
    given = json.dumps({**order, "allow": settings.PRIVATE_TARGETS}).encode()
    env = {"PYTHONPATH": str(settings.BASE_DIR), "PATH": os.defpath, "HOME": "/nonexistent", "LANG": "C.UTF-8"}
    try:
        ran = subprocess.run(
            COURIER, input=given, env=env, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=SECONDS
        )
        told = json.loads(ran.stdout)
    except subprocess.TimeoutExpired:
        return {"how": "late"}
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
