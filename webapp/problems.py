"""What a verb may refuse, as one family of exceptions; the REST floor and the pages translate them once.

`code` is stable and for programs, `detail` is a sentence for people which says what to do.
"""

from collections.abc import Mapping, Sequence


class Refusal(Exception):
    """Base: the request was understood and is not carried out; nothing was changed."""

    status = 400
    title = "Bad request"

    def __init__(
        self,
        *,
        code: str,
        detail: str,
        errors: Mapping[str, Sequence[str]] | None = None,
        reasons: Sequence[str] = (),
        retry_after: int = 0,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.errors = {name: list(texts) for name, texts in (errors or {}).items()}
        self.reasons = list(reasons)
        self.retry_after = retry_after  # seconds; 0: not said

    def as_problem(self) -> dict[str, object]:
        """The members that every problem document has (RFC 9457), for answers that do not go through the REST floor."""
        return {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }


class Invalid(Refusal):
    """400: bad input; `errors` by field."""

    def __init__(self, errors: Mapping[str, Sequence[str]], *, code: str = "input.rejected", detail: str = "") -> None:
        super().__init__(code=code, detail=detail or "Some fields are not right.", errors=errors)


class Forbidden(Refusal):
    """403: visible, but not yours to do."""

    status = 403
    title = "Forbidden"


class Missing(Refusal):
    """404: not there, or not visible to you."""

    status = 404
    title = "Not found"


class Conflicting(Refusal):
    """409: the state does not allow it now."""

    status = 409
    title = "Conflict"


class Spent(Refusal):
    """410: it was good once."""

    status = 410
    title = "Gone"


class Outdated(Refusal):
    """412: it is not any more as the one who asks saw it."""

    status = 412
    title = "Precondition failed"


class TooLarge(Refusal):
    """413."""

    status = 413
    title = "Too large"


class Unplannable(Refusal):
    """422: no plan can be made; `reasons` says why."""

    status = 422
    title = "Refused plan"


class TooMany(Refusal):
    """429: not so many at once."""

    status = 429
    title = "Too many requests"


class Unavailable(Refusal):
    """503: something needed does not answer; nothing was changed."""

    status = 503
    title = "Unavailable"
