"""The one spelling of a JSON value, to compare two of them by a hash."""

import json
from typing import Any


def canonical(value: Any, encoder: type[json.JSONEncoder] = json.JSONEncoder) -> bytes:
    """Names sorted, no blanks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), cls=encoder).encode()
