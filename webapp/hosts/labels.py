"""Labels of hosts, as key=value: what they are, said once for those who set them and those who ask for them."""

import re
from collections.abc import Mapping

from webapp.findings import Findings, clip

MAX_LABELS = 32
KEY = re.compile(r"[a-z](?:[a-z0-9._/-]{0,61}[a-z0-9])?")
VALUE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


def clean_labels(findings: Findings, value: object, at: str) -> dict[str, str]:
    """As they are kept; what is none is noted."""
    if not isinstance(value, Mapping) or len(value) > MAX_LABELS:
        findings.add(at, f"At most {MAX_LABELS} labels, each a key and a value.")
        return {}
    clean = {}
    for key, text in value.items():
        if not isinstance(key, str) or not KEY.fullmatch(key):
            findings.add(at, f"{clip(key)} is no label's key: lower-case letters, digits and ._/- such as zone.")
        elif not isinstance(text, str) or not VALUE.fullmatch(text):
            findings.add(at, f"{clip(key)} has no label's value: letters, digits and ._- such as eu-1.")
        else:
            clean[key] = text
    return dict(sorted(clean.items()))
