"""Addresses of Git repositories, read alike by both planes: https and ssh, in one canonical form, with nothing hidden.

What passes holds no password, no option, no query, no other host than the one it shows. Whether that host may be
reached is asked elsewhere (`addresses`).
"""

import re
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, urlsplit

MAX_URL = 500
SCHEMES = ("https", "ssh")
PORTS = {"https": 443, "ssh": 22}

_TEXT = re.compile(r"[\x21-\x7e]+")
_PATH = re.compile(r"/[A-Za-z0-9._~/+@-]+")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_HOST = re.compile(r"[a-z0-9][a-z0-9._-]{0,252}|[0-9a-f:.]{2,45}")
_SHORT = re.compile(r"([^@:/]+)@([^@:/]+):(?!//)(.+)")  # as scp writes it: user@host:path


class BadRepository(ValueError):
    """That is not the address of a repository; the message is a sentence that says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """Where one repository is. `str` gives the canonical form, which `parse` reads as the same value."""

    scheme: str
    host: str
    path: str
    port: int | None = None
    user: str = ""

    @classmethod
    def parse(cls, text: str) -> "Repository":
        """The repository at https://…, ssh://user@… or user@host:path, which is kept as ssh://. BadRepository."""
        if len(text) > MAX_URL or not _TEXT.fullmatch(text):  # urlsplit leaves out tabs and ends of lines
            raise BadRepository("This is not a URL.")
        short = None if "://" in text else _SHORT.fullmatch(text)
        if short is not None:
            text = f"ssh://{short[1]}@{short[2]}/{short[3].lstrip('/')}"
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError as error:
            raise BadRepository("This is not a URL.") from error
        if parts.scheme not in SCHEMES or not text.startswith(f"{parts.scheme}://"):
            raise BadRepository("A repository is fetched by https:// or ssh:// only.")
        host = parts.hostname or ""
        _check(parts, text, host, port)
        return cls(scheme=parts.scheme, host=host, path=parts.path, port=port, user=parts.username or "")

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{user}{host}{f':{self.port}' if self.port else ''}{self.path}"

    @property
    def reached_at(self) -> int:
        """The port that is connected to."""
        return self.port or PORTS.get(self.scheme, 0)

    def beside(self, text: str) -> "Repository":
        """What `text` names in a file of this repository: an address, or one relative to it. BadRepository."""
        if not text.startswith(("./", "../")):
            return Repository.parse(text)
        parts = self.path.strip("/").split("/")
        for part in text.split("/"):
            if part == ".." and not parts:
                raise BadRepository("This address leads above its host.")
            if part == "..":
                parts.pop()
            elif part not in ("", "."):
                parts.append(part)
        return Repository.parse(str(replace(self, path="/" + "/".join(parts))))


def _check(parts: SplitResult, text: str, host: str, port: int | None) -> None:
    if parts.scheme == "https" and "@" in parts.netloc:
        raise BadRepository("No credentials in the URL: keep user:password as a secret and name it as `credential`.")
    if parts.scheme == "ssh" and (parts.password is not None or not _USER.fullmatch(parts.username or "")):
        raise BadRepository("By ssh the address names a plain user and no password, such as ssh://git@HOST/PATH.")
    if not _PATH.fullmatch(parts.path) or parts.query or parts.fragment or "?" in text or "#" in text:
        raise BadRepository("After the host only a plain path, such as /team/repository.git.")
    if ".." in parts.path.split("/") or port == 0 or not _HOST.fullmatch(host):
        raise BadRepository("This is not the address of a repository.")
