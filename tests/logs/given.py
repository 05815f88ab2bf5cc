"""Lines to put into logs."""

from runtime.contract.reports import Line

START_NS = 1_764_000_000_000_000_000


def line(number: int) -> Line:
    """The line that has this number, always the same one."""
    return START_NS + number * 1_000_000, "e" if number % 5 == 0 else "o", f"line {number}"


def lines(first: int, last: int) -> list[Line]:
    return [line(number) for number in range(first, last + 1)]


def rows(first: int, last: int) -> list[tuple[int, int, str, str]]:
    """What readers get of these lines."""
    return [
        (number, ns // 1_000_000, stream, text)
        for number in range(first, last + 1)
        for ns, stream, text in [line(number)]
    ]
