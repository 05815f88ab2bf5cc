"""The common door of all commands: sentences instead of tracebacks for what a person can mend."""

import sys
from collections.abc import Callable

from launch.say import CannotGoOn, warn

OLDEST_PYTHON = (3, 11)
INTERRUPTED = 130


def guarded(command: Callable[[], int]) -> int:
    """Run a command and turn its end into an exit code."""
    if sys.version_info < OLDEST_PYTHON:
        warn(f"Slipway needs Python {'.'.join(map(str, OLDEST_PYTHON))} or newer.")
        return 1
    try:
        return command()
    except CannotGoOn as reason:
        warn(f"\n{reason}")
        return 1
    except PermissionError as error:
        warn(
            f"\nThis user may not use {error.filename}. Run as its owner, or set SLIPWAY_HOME to a directory of yours."
        )
        return 1
    except KeyboardInterrupt:
        warn("\nStopped.")
        return INTERRUPTED
