"""Rules about what is built upon, what is run, and what the container becomes. Few, and each true."""

import re
from collections.abc import Callable
from itertools import pairwise

from webapp.images.lint.notes import Found, Note
from webapp.images.lint.reading import Instruction

_SECRET = re.compile(r"(?i)(?:^|_)(?:password|passwd|secret|token|api_?key|private_?key|credentials?)(?:_|$)")
_APT = re.compile(r"\bapt(?:-get)?\s+(?:-\S+\s+)*install\b")
_ASSUMES_YES = re.compile(r"\s(?:-[a-z]*y[a-z]*|-qq|--yes|--assume-yes)(?:\s|$)|APT::Get::Assume-Yes", re.IGNORECASE)
_PORT = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?(?:/(?:tcp|udp|sctp))?", re.IGNORECASE)


def first_is_from(all_: list[Instruction]) -> Found:
    """Only ARG may stand before FROM."""
    early = [one for one in all_ if one.stage < 0 and one.name != "ARG"]
    if early:
        yield early[0], Note("from-first", "error", "A Dockerfile begins with FROM: the image that this one builds on.")
    elif all(one.name != "FROM" for one in all_):
        yield all_[-1], Note("from-first", "error", "There is no FROM: name the image that this one builds on.")


def moving_base(all_: list[Instruction]) -> Found:
    """A tag that moves gives another image tomorrow."""
    stages: set[str] = {"scratch"}
    for one in all_:
        if one.name != "FROM" or not one.words():
            continue
        words = one.words()
        base = words[0]
        if base.lower() not in stages and "$" not in base and "@" not in base:
            tag = base.rpartition("/")[2].partition(":")[2]
            if tag in ("", "latest"):
                text = f"{base} moves: the next build may get another image. Name a version, such as {_bare(base)}:1.2."
                yield one, Note("moving-base", "warning", text)
        if len(words) == 3 and words[1].lower() == "as":
            stages.add(words[2].lower())


def apt(all_: list[Instruction]) -> Found:
    """apt in a build: nobody answers its question, and its lists stay in the layer."""
    for one in all_:
        install = _APT.search(one.rest) if one.name == "RUN" and not one.heredoc else None
        if install is None:
            continue
        if not _ASSUMES_YES.search(one.rest):
            yield one, Note("apt-asks", "error", "apt-get install asks, and nobody answers in a build: add -y.")
        if not re.search(r"\bapt(?:-get)?\s+(?:-\S+\s+)*update\b", one.rest):
            text = "Put apt-get update into this RUN: the list in an earlier, cached layer names files that are gone."
            yield one, Note("apt-old-list", "warning", text)
        if "/var/lib/apt/lists" not in one.rest and not any(flag == "mount" for flag, _ in one.flags):
            yield (
                one,
                Note(
                    "apt-lists", "hint", "End with rm -rf /var/lib/apt/lists/*: the lists only make the layer larger."
                ),
            )


def lost_cd(all_: list[Instruction]) -> Found:
    """Each RUN begins anew, in the WORKDIR."""
    for one in all_:
        if one.name == "RUN" and re.fullmatch(r"cd\s+[^;&|]+", one.rest):
            yield one, Note("lost-cd", "warning", "The next instruction does not begin there: use WORKDIR.")


def no_sudo(all_: list[Instruction]) -> Found:
    """sudo is rarely there, and never needed."""
    for one in all_:
        if one.name == "RUN" and re.search(r"(?:^|&&|;|\|)\s*sudo\s", one.rest):
            yield (
                one,
                Note("sudo", "warning", "A build runs as USER says, root by default: switch USER instead of sudo."),
            )


def pipe_to_shell(all_: list[Instruction]) -> Found:
    """A failed download pipes nothing into a shell, which succeeds."""
    pipefail = False
    for one in all_:
        pipefail = (one.name == "SHELL" and "pipefail" in one.rest) or (pipefail and one.name != "FROM")
        piped = one.name == "RUN" and re.search(r"\b(?:curl|wget)\b[^|;&]*\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b", one.rest)
        if piped and not pipefail and "pipefail" not in one.rest:
            text = "If the download fails, the shell reads nothing and this step succeeds: download, check, then run."
            yield one, Note("pipe-to-shell", "warning", text)


def secret_in_image(all_: list[Instruction]) -> Found:
    """ENV and ARG stay readable in the image."""
    for one in all_:
        if one.name not in ("ENV", "ARG"):
            continue
        names = [word.partition("=")[0] for word in one.words()]
        if one.name == "ENV" and "=" not in one.rest:
            names = names[:1]
        for name in names:
            if _SECRET.search(name):
                text = (
                    f"{name[:60]} would stay readable in the image. What a step needs is a build secret of the image, "
                    "mounted with RUN --mount=type=secret; what the container needs, a secret of the environment."
                )
                yield one, Note("secret-in-image", "warning", text)
                break


def shell_form(all_: list[Instruction]) -> Found:
    """The shell form puts a shell in front, and signals stop there."""
    for one in all_:
        if one.name in ("CMD", "ENTRYPOINT") and one.rest and one.listed() is None:
            if one.rest.startswith("["):
                yield (
                    one,
                    Note("not-a-list", "error", 'This is no list: words in double quotes, such as ["serve", "-p"].'),
                )
                continue
            words = ", ".join(f'"{word}"' for word in one.rest.split()[:4])
            text = f"A shell stands in front of this program and keeps the stop signal: write {one.name} [{words}]."
            yield one, Note("shell-form", "hint", text)


def only_the_last_counts(all_: list[Instruction]) -> Found:
    """Of several CMD in a stage one is taken."""
    for name in ("CMD", "ENTRYPOINT", "HEALTHCHECK"):
        for one, following in pairwise(each for each in all_ if each.name == name):
            if one.stage == following.stage:
                text = f"Only the last {name} of a stage counts, in line {following.line}: this one does nothing."
                yield one, Note("overruled", "warning", text)


def relative_workdir(all_: list[Instruction]) -> Found:
    """A stage's first WORKDIR, where relative, depends on the base image's own."""
    seen: set[int] = set()
    for one in all_:
        if one.name != "WORKDIR" or one.stage in seen:
            continue
        seen.add(one.stage)
        if not re.match(r"[/$\"'\\]|[A-Za-z]:", one.rest):
            yield one, Note("relative-workdir", "hint", "Where this is depends on the base image: begin with /.")


def ports(all_: list[Instruction]) -> Found:
    """EXPOSE takes ports of the container."""
    for one in all_:
        for word in one.words() if one.name == "EXPOSE" else ():
            port = _PORT.fullmatch(word)
            if "$" not in word and not (port and all(0 < int(each) < 65536 for each in port.groups() if each)):
                text = f"{word[:40]} is no port of the container: a number to 65535, with /tcp or /udp."
                yield one, Note("no-port", "error", text)


def maintainer(all_: list[Instruction]) -> Found:
    """MAINTAINER is given up."""
    for one in all_:
        if one.name == "MAINTAINER":
            text = 'MAINTAINER is given up: LABEL org.opencontainers.image.authors="…" says the same.'
            yield one, Note("maintainer", "hint", text)


def runs_as_root(all_: list[Instruction]) -> Found:
    """Without USER the container's program is root."""
    final = [one for one in all_ if one.stage == all_[-1].stage]
    starts = [one for one in final if one.name in ("CMD", "ENTRYPOINT")]
    if starts and not any(one.name == "USER" for one in final):
        text = "The program runs as root unless the base image says otherwise: add USER with one that needs no rights."
        yield starts[-1], Note("root", "hint", text)


def _bare(reference: str) -> str:
    head, slash, name = reference.rpartition("/")
    return head + slash + name.partition(":")[0]


RULES: tuple[Callable[[list[Instruction]], Found], ...] = (
    first_is_from,
    moving_base,
    apt,
    lost_cd,
    no_sudo,
    pipe_to_shell,
    secret_in_image,
    shell_form,
    only_the_last_counts,
    relative_workdir,
    ports,
    maintainer,
    runs_as_root,
)
