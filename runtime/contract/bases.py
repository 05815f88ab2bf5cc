"""Which registries a Dockerfile names: those of the images that it builds upon, copies from and mounts.

Both planes read it alike: the control plane to send along no more passwords than may be needed, the host to use none
for a registry that is not named.
"""

import re
from collections.abc import Iterator, Mapping

from runtime.contract.dockerfile import instructions
from runtime.contract.references import BadReference, Reference

MAX_LINES = 5000
ESCAPES = ("\\", "`")  # whichever the Dockerfile chose

_FROM = re.compile(r"\s*FROM\s+(?:--\S+\s+)*(\S+)", re.IGNORECASE)
_ARG = re.compile(r"\s*ARG\s+(.*)", re.IGNORECASE | re.DOTALL)
_COPY = re.compile(r"\s*(?:COPY|ADD)\s+(?:--\S+\s+)*?--from=(\S+)", re.IGNORECASE)
_MOUNT = re.compile(r"--mount=\S*?\bfrom=([^\s,]+)", re.IGNORECASE)
_WORD = re.compile(r"([A-Za-z_]\w*)(?:=(\"[^\"]*\"|'[^']*'|\S*))?")
_VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::?-([^}]*))?\})")


def named_registries(dockerfile: str, args: Mapping[str, str]) -> frozenset[str]:
    """Their hosts, with ports where they have them. `args` are the build's arguments, which may name one."""
    known: dict[str, str] = {}
    found = set()
    for instruction in instructions(dockerfile, escapes=ESCAPES, most=MAX_LINES):
        if declared := _ARG.match(instruction):
            for name, value in _WORD.findall(declared[1]):
                known[name] = args.get(name, _filled(value.strip("\"'"), known) or known.get(name, ""))
            continue
        for image in _images(instruction):
            found.add(_registry(_filled(image.strip("\"'"), known)))
    return frozenset(found - {""})


def _images(instruction: str) -> Iterator[str]:
    if begins := _FROM.match(instruction):
        yield begins[1]
    elif copied := _COPY.match(instruction):
        yield copied[1]
    yield from _MOUNT.findall(instruction)


def _filled(text: str, known: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: known.get(found[1] or found[2]) or found[3] or "", text)


def _registry(image: str) -> str:
    """Empty for what is no image: scratch, the number of a stage."""
    if image.lower() == "scratch" or image.isdecimal():
        return ""
    try:
        return Reference.parse(image).registry
    except BadReference:
        return ""
