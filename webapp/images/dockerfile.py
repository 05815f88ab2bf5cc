"""What a Dockerfile may not ask for: another frontend, more rights, another's cache. Pure; the host builds the rest.

The reading is that of BuildKit: leading comment lines may hold directives, comment lines between continued lines do
not count, flags stand directly after the instruction's name.
"""

import re
from collections.abc import Iterator

from runtime.contract.dockerfile import instructions

_DIRECTIVE = re.compile(r"^\s*(?:#|//)\s*([A-Za-z]+)\s*=\s*(\S*)")
_RUN = re.compile(r"^\s*(?:ONBUILD\s+)*RUN\s+(.*)$", re.IGNORECASE | re.DOTALL)
_FLAG = re.compile(r"\s*--([a-z-]+)(?:=(\S*))?")
_HARMLESS_NETWORKS = frozenset({"default", "none"})
_FROM = re.compile(r"^\s*FROM\s+\S", re.IGNORECASE)


def complaints(text: str) -> list[str]:
    """Every reason to refuse this Dockerfile; empty when there is none."""
    text = text.removeprefix("\ufeff")
    found = []
    if _asks_for_frontend(text):
        found.append("`syntax` would choose another build frontend; Slipway's builder reads the Dockerfile itself.")
    lines = list(instructions(text, escapes=(_escape(text),)))
    if not any(_FROM.match(line) for line in lines):
        found.append("There is no FROM: a Dockerfile begins with the image it builds upon.")
    for line in lines:
        found.extend(_run_complaints(line))
    return list(dict.fromkeys(found))


def _asks_for_frontend(text: str) -> bool:
    if text.lstrip().startswith("{"):
        return True  # BuildKit also takes the directive from a JSON object
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith(("#", "//")):
            return False
        directive = _DIRECTIVE.match(line)
        if directive and directive.group(1).lower() == "syntax":
            return True
    return False


def _escape(text: str) -> str:
    for line in text.splitlines():
        directive = _DIRECTIVE.match(line)
        if directive is None:
            return "\\"
        if directive.group(1).lower() == "escape" and directive.group(2) == "`":
            return "`"
    return "\\"


def _run_complaints(line: str) -> Iterator[str]:
    run = _RUN.match(line)
    # The builder drops quotes and backslashes within flags, so --net\\work is --network.
    rest = re.sub(r"[\\\"']", "", run.group(1)) if run else ""
    while flag := _FLAG.match(rest):
        name, value = flag.group(1), flag.group(2) or ""
        if name in ("security", "device"):
            yield f"RUN --{name} asks for rights on the host that no build gets."
        if name == "network" and value not in _HARMLESS_NETWORKS:
            yield "RUN --network may be `default` or `none`: no build joins another network."
        if name == "mount" and "type=cache" in value.lower():
            yield "RUN --mount=type=cache is shared by everybody who builds on the host, so it is refused."
        rest = rest[flag.end() :]
