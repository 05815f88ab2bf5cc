"""A Dockerfile as its instructions, for who looks something up in one. Pure.

What must not be missed has a reader of its own (`runtime.dockerfile`), which sees more than a builder does.
"""

from collections.abc import Iterator


def instructions(text: str, *, escapes: tuple[str, ...] = ("\\",), most: int | None = None) -> Iterator[str]:
    """Each with the lines that it is continued on by one of `escapes`, of the first `most` lines that count.

    Comment lines and empty ones do not count, also between continued lines.
    """
    lines = [line.rstrip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    whole = ""
    for line in lines[:most]:
        if line.endswith(escapes):
            whole += line[:-1] + " "
            continue
        yield whole + line
        whole = ""
    if whole.strip():
        yield whole
