"""Lists and mappings as people write them in a text box, one a line, and back. The verbs check what comes out.

A text that would not survive as a line (several lines, spaces at its ends) stands in double quotes as in JSON.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any


def lines(text: str) -> list[str]:
    """The lines that hold something."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def words(text: str) -> list[str]:
    """A command, one word a line."""
    return [_unquoted(line) for line in lines(text)]


def words_text(given: Iterable[str]) -> str:
    """A command, one word a line."""
    return "\n".join(_quoted(word, empty=False) for word in given)


def pairs(text: str) -> dict[str, str]:
    """NAME=value, one a line; what follows the first = is the value as it stands, unless it is quoted."""
    found = {}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if name.strip():
            found[name.strip()] = _unquoted(value)
    return found


def pairs_text(values: Mapping[str, Any]) -> str:
    """A mapping as NAME=value, one a line."""
    return "\n".join(f"{name}={_quoted(str(value), empty=True)}" for name, value in values.items())


def _quoted(text: str, *, empty: bool) -> str:
    """In quotes where the bare text would be read back as something else."""
    bare = text == text.strip() and len(text.splitlines()) <= 1 and _unquoted(text) == text
    return text if bare and (text or empty) else json.dumps(text)


def _unquoted(text: str) -> str:
    """What quotes hold; a text that only looks quoted is left as it stands."""
    if not text.startswith('"'):
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, str) else text


def ports(text: str) -> list[dict[str, Any]]:
    """[host:]container[/protocol], one a line. What is no number stays a text, for the verb to refuse."""
    found = []
    for line in lines(text):
        address, _, protocol = line.partition("/")
        host, colon, container = address.rpartition(":")
        port: dict[str, Any] = {"container": _number(container)}
        if colon:
            port["host"] = _number(host)
        if protocol:
            port["protocol"] = protocol.strip()
        found.append(port)
    return found


def ports_text(given: Iterable[Mapping[str, Any]]) -> str:
    """Ports, one a line."""
    return "\n".join(_port_text(port) for port in given)


def _port_text(port: Mapping[str, Any]) -> str:
    host = f"{port['host']}:" if port.get("host") is not None else ""
    protocol = f"/{port['protocol']}" if port.get("protocol", "tcp") != "tcp" else ""
    return f"{host}{port['container']}{protocol}"


def volumes(text: str) -> list[dict[str, Any]]:
    """name:path[:ro][:shared], one a line. What is not understood stays in the path, for the verb to refuse."""
    found = []
    for line in lines(text):
        name, _, rest = line.partition(":")
        path, *said = rest.split(":")
        given_words = {word.strip() for word in said}
        unknown = "".join(f":{word}" for word in sorted(given_words - {"ro", "shared"}))
        found.append(
            {
                "name": name.strip(),
                "path": path.strip() + unknown,
                "read_only": "ro" in given_words,
                "shared": "shared" in given_words,
            }
        )
    return found


def volumes_text(given: Iterable[Mapping[str, Any]]) -> str:
    """Volumes, one a line."""
    return "\n".join(
        f"{volume['name']}:{volume['path']}"
        + (":ro" if volume.get("read_only") else "")
        + (":shared" if volume.get("shared") else "")
        for volume in given
    )


def memory_text(count: int | None) -> str:
    """Bytes as people write them, where that is exact: 64m, 1g."""
    if count is None:
        return ""
    for unit, size in (("g", 1024**3), ("m", 1024**2), ("k", 1024)):
        if count % size == 0:
            return f"{count // size}{unit}"
    return str(count)


def _number(text: str) -> int | str:
    word = text.strip()
    return int(word) if word.isascii() and word.isdigit() and len(word) < 10 else word
