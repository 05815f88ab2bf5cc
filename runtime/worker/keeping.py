"""What a host keeps of itself in its home: the settings that enrolling gave it, its credential, its key."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

SETTINGS = "settings.json"
CREDENTIAL = "credential"
KEY = "key.pem"
MAX_SETTINGS_BYTES = 64 * 1024
OURS = "SLIPWAY_"
OTHERS = frozenset({"REDIS_URL", "DOCKER_HOST", "SSL_CERT_FILE"})
NEVER = frozenset({"SLIPWAY_HOME", "SLIPWAY_VENV", "SLIPWAY_WORKER_HOME", "SLIPWAY_FAULT"})  # of one start


class Unreadable(Exception):
    """A sentence that says which file, and what to do."""


def keep(path: Path, content: bytes) -> None:
    """Whole or not at all, and for its owner only."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def keep_settings(home: Path, settings: Mapping[str, str]) -> None:
    """For the next start."""
    keep(home / SETTINGS, json.dumps({name: settings[name] for name in sorted(settings)}, indent=1).encode() + b"\n")


def kept_settings(home: Path) -> dict[str, str]:
    """What enrolling wrote; empty where nobody enrolled. Raises `Unreadable`."""
    path = home / SETTINGS
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(MAX_SETTINGS_BYTES))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Unreadable(f"{path} cannot be read ({type(error).__name__}). Enroll this host again.") from error
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise Unreadable(f"{path} does not hold settings. Enroll this host again.")
    return kept_of(found)


def kept_of(environment: Mapping[str, str]) -> dict[str, str]:
    """What of an environment is kept: by the same names, and what the environment says at a start goes before it."""
    return {
        name: value
        for name, value in environment.items()
        if value and name not in NEVER and (name.startswith(OURS) or name in OTHERS)
    }
