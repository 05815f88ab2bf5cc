"""What set-up tells the person at the terminal: one line a part, in plain words."""

import sys
from typing import NoReturn

LABEL_WIDTH = 14


class CannotGoOn(Exception):
    """Set-up stops here; the text says what happened and what to do."""


def say(part: str, text: str) -> None:
    print(f"  {part:<{LABEL_WIDTH}}{text}", flush=True)


def title(text: str) -> None:
    print(text, flush=True)


def warn(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def stop(text: str) -> NoReturn:
    """End set-up with a sentence for the person; callers of bin/* see exit code 1."""
    raise CannotGoOn(text)
