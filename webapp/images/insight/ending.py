"""How a step ended, in fewer words than the builder's, which repeat the whole command. Pure."""

import re

EXIT = re.compile(r"(?:exit|non-zero) code:? (\d{1,3})\]?$")
MEANINGS = {
    126: "the command is there but may not be run",
    127: "a command was not found",
    137: "it was killed, often because memory ran out",
    139: "it crashed on memory that is not its own",
    143: "it was told to end",
}


def how_it_ended(message: str) -> str:
    """The builder's message, or what its exit code says where that is all it says."""
    found = EXIT.search(message)
    if found is None:
        return message
    code = int(found[1])
    meaning = MEANINGS.get(code)
    return f"Exit code {code}: {meaning}." if meaning else f"Exit code {code}."
