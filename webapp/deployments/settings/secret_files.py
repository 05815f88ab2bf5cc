"""Which secrets a container reads as files and not as variables."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms

from runtime.contract.container import SECRETS_FOLDER
from webapp.deployments.settings.aspect import Aspect, Values
from webapp.deployments.settings.sections import ISOLATION
from webapp.deployments.settings.texts import LONG, NONE
from webapp.findings import MAX_VARIABLES, Findings

ALL = "*"


class SecretFiles(Aspect):
    """Names, or `*` for every secret that there is."""

    name = "secret_files"
    default: ClassVar[list[str]] = []
    section = ISOLATION
    carries = {"secret_files": "secret_files"}
    schema = {
        "oneOf": [
            {"const": ALL},
            {"type": "array", "maxItems": MAX_VARIABLES, "items": {"type": "string"}},
        ],
        "description": f"Secrets that are files below {SECRETS_FOLDER} and no variables: names, or * for all of them.",
    }

    def clean(self, findings: Findings, value: object, at: str) -> list[str] | str:
        if value == ALL:
            return ALL
        if not isinstance(value, list) or len(value) > MAX_VARIABLES:
            findings.add(at, f"A list of at most {MAX_VARIABLES} names, or * for all secrets.")
            return []
        return sorted({str(name) for name in value if findings.key(name, at)})

    def boxes(self) -> dict[str, forms.Field]:
        hint = f"Names parted by spaces, or * for all. They lie below {SECRETS_FOLDER}; all others are variables."
        return {
            "secret_files": forms.CharField(
                required=False, max_length=LONG, label="Secrets that are read as files", help_text=hint
            )
        }

    def shown(self, value: Any) -> Values:
        return {"secret_files": value if value == ALL else " ".join(value or ())}

    def carried(self, given: Values, former: Any) -> list[str] | str | None:
        text = given["secret_files"].strip()
        return ALL if text == ALL else text.split() or None

    def shown_there(self, value: Any, everywhere: Any) -> Values:
        return {"secret_files": self.shown(value)["secret_files"] or NONE}

    def carried_there(self, given: Values, everywhere: Any, former: Any) -> list[str] | str | None:
        text = given["secret_files"].strip()
        if not text:
            return None
        return [] if text == NONE else self.carried(given, former)

    def box_there(self, name: str, box: forms.Field) -> None:
        super().box_there(name, box)
        box.help_text = "none: all are variables here."


def read_as_files(asked: Iterable[str] | str, secrets: Iterable[str]) -> list[str]:
    """Those of these secrets that are files."""
    return sorted(secrets) if asked == ALL else sorted(set(asked) & set(secrets))
