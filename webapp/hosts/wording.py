"""A host's state in words. Pure."""

WHY_NOT_READY = {
    "awaited": "awaits its machine: run the command there that its page gives.",
    "enrolled": "has never been heard: start its worker (bin/worker).",
    "unknown": "has not been heard for a while: look whether its worker and its connection live.",
    "engine_down": "is there, but its container engine does not answer: start the engine.",
    "drained": "is drained and takes no new work: undrain it.",
    "revoked": "has lost its credential: enroll it again.",
}


def why_not_ready(state: str) -> str:
    """Why a host in this state takes nothing, and what to do, as the end of a sentence that begins with its name."""
    return WHY_NOT_READY.get(state, f"is {state}.")
