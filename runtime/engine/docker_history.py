"""An image's history read into layers.

The engine lists an entry for every instruction and, apart from it, the layers that there are; it does not say which
entry made which. What wrote bytes has a layer. A step that wrote none has one too, unlike an instruction that only
says something; so readings are tried, and the first that comes to the number of layers is taken.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runtime.contract.reports import Layer

MAX_INSTRUCTION = 500
NANOSECONDS = 1_000_000_000

_BUILDKIT = "# buildkit"
_NOP = "#(nop)"  # how the classic builder marks what runs nothing
_COPIES = re.compile(r"#\(nop\)\s+(?:COPY|ADD)\b")
_STEP = re.compile(r"(?:RUN|COPY|ADD)\s")
_SAID = re.compile(
    r"(?:ARG|CMD|ENTRYPOINT|ENV|EXPOSE|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)\s"
)

Entry = Mapping[str, Any]


def read_layers(history: Sequence[Entry], digests: Sequence[str]) -> list[Layer]:
    """The entries, oldest first, each with the digest of its layer where that is certain."""
    chosen = next((reading for reading in READINGS if sum(map(reading, history)) == len(digests)), None)
    remaining = iter(digests)
    return [
        Layer(
            instruction=str(entry["CreatedBy"])[:MAX_INSTRUCTION],
            size=entry["Size"],
            digest=next(remaining) if chosen is not None and chosen(entry) else None,
            created_ns=entry["Created"] * NANOSECONDS if entry["Created"] > 0 else None,
        )
        for entry in history
    ]


def _wrote(entry: Entry) -> bool:
    return bool(entry["Size"] > 0)


def _buildkit_ran(entry: Entry) -> bool:
    """A step of BuildKit has a layer always, one of the classic builder only if it changed something."""
    words = str(entry["CreatedBy"]).strip()
    return _wrote(entry) or (words.endswith(_BUILDKIT) and _STEP.match(words) is not None)


def _buildkit_ran_or_went(entry: Entry) -> bool:
    """Also the folder that WORKDIR names, made in a layer of its own."""
    return _buildkit_ran(entry) or str(entry["CreatedBy"]).startswith("WORKDIR ")


def _ran(entry: Entry) -> bool:
    """Every step, whoever built it: links that were made weigh nothing, and are a layer."""
    words = str(entry["CreatedBy"]).lstrip()
    if _NOP in words:
        return _wrote(entry) or _COPIES.search(words) is not None
    return _wrote(entry) or _STEP.match(words) is not None or _SAID.match(words) is None


READINGS: tuple[Callable[[Entry], bool], ...] = (_wrote, _buildkit_ran, _buildkit_ran_or_went, _ran)
