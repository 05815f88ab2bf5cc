"""How one try went, in our own words: nothing that the far side said is kept, since it may repeat what is secret."""

from dataclasses import dataclass
from http import HTTPStatus

from webapp.reach import Answer, Unreached

ADVICE = {
    401: "It wants other credentials.",
    403: "It does not let these credentials in.",
    404: "There is nothing at this address, or the credentials do not see it.",
    405: "It takes no POST there.",
    413: "It finds the notice too large.",
    422: "It does not take what was sent.",
    429: "It has had too many.",
}


@dataclass(frozen=True)
class Outcome:
    """`again`: another try may help."""

    ok: bool
    said: str
    status: int | None = None
    again: bool = True
    blocked: bool = False


def of_answer(answer: Answer) -> Outcome:
    """2xx is well."""
    return of_status(answer.status)


def of_status(status: int) -> Outcome:
    """The same where only the status is known."""
    if 200 <= status < 300:
        return Outcome(True, f"Answered {_named(status)}.", status)
    if 300 <= status < 400:
        said = "It sends elsewhere, which is not followed. Give the address that it sends to."
    else:
        said = ADVICE.get(status, "Look there for the reason.")
    return Outcome(False, f"Answered {_named(status)}. {said}", status)


def of_unreached(error: Unreached) -> Outcome:
    """No answer came."""
    blocked = error.code == "ssrf.blocked"
    return Outcome(False, error.detail, again=not blocked, blocked=blocked)


def refused(said: str) -> Outcome:
    """It cannot be sent as it is; trying again does not help."""
    return Outcome(False, said, again=False)


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
