"""What of a Dockerfile is looked at before it is built: what it builds on, and what it must not
ask for.

The builder's own frontend is the only one; a build gets no network of the host, no wider security,
no cache that other projects could read or poison. The reading follows BuildKit's: continuation
lines, comments inside them, quotes and backslashes in flags.
"""

import re
from collections.abc import Iterator, Mapping

from runtime.contract.names import ENVIRONMENT_KEY, RESERVED_ENVIRONMENT_KEYS

MAX_DOCKERFILE_BYTES = 512 * 1024
MAX_ARG_BYTES = 32 * 1024
MAX_CONTINUED = 500  # lines looked at of one instruction
MAX_LINES = 5000

_SYNTAX = re.compile(r"^\s*(?:#|//)\s*syntax\s*=", re.IGNORECASE | re.MULTILINE)
_ESCAPES = ("\\", "`")
_RUN = re.compile(r"^\s*(?:ONBUILD\s+)*RUN\s+(.*)$", re.IGNORECASE | re.DOTALL)
_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)", re.IGNORECASE)
_FRONTEND_ARGS = ("BUILDKIT_",)
_ALLOWED = {"network": {"default", "none"}, "security": {"sandbox"}}


class DockerfileRefused(Exception):
    """It asks for something that no build gets; the message says what."""


def check_dockerfile(text: str) -> None:
    """Raises DockerfileRefused."""
    if len(text.encode()) > MAX_DOCKERFILE_BYTES:
        raise DockerfileRefused("the Dockerfile is too large")
    if text.count("\n") > MAX_LINES:
        raise DockerfileRefused("the Dockerfile has too many lines")
    if "\x00" in text:
        raise DockerfileRefused("the Dockerfile holds a NUL character")
    text = text.lstrip("\ufeff \t\r\n")
    if _SYNTAX.search(text) or text.startswith("{"):
        raise DockerfileRefused("a syntax line would replace the builder's frontend; remove it")
    for instruction in _instructions(text):
        run = _RUN.match(instruction)
        for flag in _flags(run[1]) if run else ():
            _check_run_flag(flag)


def check_build_args(args: Mapping[str, str]) -> None:
    """Raises DockerfileRefused for a name or value that no build gets."""
    for name, value in args.items():
        if not ENVIRONMENT_KEY.fullmatch(name) or name in RESERVED_ENVIRONMENT_KEYS:
            raise DockerfileRefused(f"{name!r} cannot be the name of a build argument")
        if name.upper().startswith(_FRONTEND_ARGS):
            raise DockerfileRefused(f"{name} steers the builder itself and is not for builds")
        if len(value.encode()) > MAX_ARG_BYTES or "\x00" in value:
            raise DockerfileRefused(f"the value of {name} is too large or holds a NUL character")


def base_images(text: str) -> set[str]:
    """The references in its FROM lines, names of earlier stages included."""
    found = (_FROM.match(instruction) for instruction in _instructions(text))
    return {base[1] for base in found if base}


def secret_mounts(text: str) -> set[str]:
    """The ids of the secrets that RUN lines mount."""
    runs = (_RUN.match(instruction) for instruction in _instructions(text))
    flags = (flag for run in runs if run for flag in _flags(run[1]))
    return {id for flag in flags if (id := _secret_id(flag))}


def _secret_id(flag: str) -> str:
    name, _, value = flag.removeprefix("--").partition("=")
    options = dict(part.strip().partition("=")[::2] for part in value.split(","))
    if name.lower() != "mount" or options.get("type") != "secret":
        return ""
    target = next((options[key] for key in ("target", "dst", "destination") if key in options), "")
    return options.get("id") or target.rpartition("/")[2]


def _check_run_flag(flag: str) -> None:
    name, _, value = flag.removeprefix("--").partition("=")
    name, value = name.lower(), value.lower()
    if name == "mount":
        if "$" in value or "type=cache" in value.replace(" ", "").split(","):
            raise DockerfileRefused("RUN --mount=type=cache would share files between projects")
        return
    if name not in _ALLOWED:
        raise DockerfileRefused(f"RUN --{name} is not for builds")
    if value not in _ALLOWED[name]:
        raise DockerfileRefused(f"RUN --{name}={value} is not for builds")


def _instructions(text: str) -> Iterator[str]:
    """What begins at each line, joined with the lines it may be continued on.

    Deliberately more than a builder would see: every line counts as a beginning and both escape
    characters continue, so that no version of the parser finds an instruction that was not looked at.
    """
    lines = [line for line in text.split("\n") if _counts(line)]
    for first in range(len(lines)):
        parts: list[str] = []
        for line in lines[first : first + MAX_CONTINUED]:
            stripped = line.rstrip()
            parts.append(stripped[:-1] if stripped.endswith(_ESCAPES) else line)
            if not stripped.endswith(_ESCAPES):
                break
        else:
            if len(parts) == MAX_CONTINUED:
                raise DockerfileRefused("an instruction is continued over too many lines")
        yield "".join(parts)


def _counts(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _flags(rest: str) -> Iterator[str]:
    """The words beginning with `--` at the head of an instruction, quotes and backslashes taken
    off.
    """
    word, quote, at = "", "", 0
    rest = rest.strip() + " "
    while at < len(rest):
        character = rest[at]
        if character == "\\" and at + 1 < len(rest):
            word, at = word + rest[at + 1], at + 1
        elif quote:
            word, quote = (word, "") if character == quote else (word + character, quote)
        elif character in "'\"":
            quote = character
        elif not character.isspace():
            word += character
        elif word:
            if not word.startswith("--") or word == "--":
                return
            yield word
            word = ""
        at += 1
    if word.startswith("--"):
        yield word
