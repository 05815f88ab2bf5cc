"""What may stand in a container's environment: names, values, how many."""

from collections.abc import Mapping

from runtime.contract.names import ENVIRONMENT_KEY, RESERVED_ENVIRONMENT_KEYS
from webapp.problems import Invalid

MAX_VARIABLES = 500
MAX_VALUE_BYTES = 32 * 1024
MAX_TOTAL_BYTES = 256 * 1024


def check_name(name: str, *, field: str) -> None:
    """Raise `Invalid` for a name that is none, or that would change how programs are found or loaded."""
    if not ENVIRONMENT_KEY.fullmatch(name):
        raise Invalid({field: ["Letters, digits and underscores, at most 128, not beginning with a digit."]})
    if name.upper() in RESERVED_ENVIRONMENT_KEYS:
        raise Invalid({field: [f"{name} is reserved: it changes how programs are found or loaded."]})


def check_value(value: str, *, field: str, limit: int = MAX_VALUE_BYTES) -> None:
    """Raise `Invalid` for a value that no process can be given."""
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise Invalid({field: ["A value holds neither a NUL nor half a character."]})
    if len(value.encode()) > limit:
        raise Invalid({field: [f"At most {limit} bytes."]})


def check_variables(variables: Mapping[str, str], *, field: str = "variables") -> dict[str, str]:
    """All of them, as they are kept."""
    if len(variables) > MAX_VARIABLES:
        raise Invalid({field: [f"At most {MAX_VARIABLES} variables."]})
    for name, value in variables.items():
        check_name(name, field=field)
        check_value(value, field=field)
    if sum(len(name) + len(value.encode()) for name, value in variables.items()) > MAX_TOTAL_BYTES:
        raise Invalid({field: [f"At most {MAX_TOTAL_BYTES} bytes altogether."]})
    return dict(variables)
