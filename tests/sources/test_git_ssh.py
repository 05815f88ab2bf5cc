"""By SSH, from a real sshd: with one key, from a server whose own key is known; nothing of the private key leaks."""

import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.contract.source import GitSource
from runtime.procedures.ports import Cancelled
from runtime.redaction import Secret
from runtime.sources.context import Context, SourceError
from runtime.sources.git import fetch_git
from runtime.sources.means import GitLimits
from tests.sources.repositories import Repository, Told
from tests.sources.servers import NAME, KeyPair, SshServer

pytestmark = pytest.mark.thorough

HERE = GitLimits(private=("127.0.0.0/8",))
KEY = KeyPair.fresh()


@pytest.fixture(autouse=True)
def here(leads_to: Callable[..., None], sshd: SshServer) -> None:
    leads_to("127.0.0.1")
    sshd.let_in(KEY.public)


@pytest.fixture
def fetch(tmp_path: Path, told: Told) -> Callable[..., Context]:
    def fetched(
        source: GitSource, limits: GitLimits = HERE, key: KeyPair = KEY, stop: Callable[[], None] = lambda: None
    ) -> Context:
        directory = tmp_path / "work"
        directory.mkdir()
        means = told.means(limits, check_cancelled=stop, secrets={"key": Secret(key.private)})
        return fetch_git(source, directory=directory, means=means)

    return fetched


def by_ssh(server: SshServer, repository: Repository, *, known: str | None = None, ref: str | None = None) -> GitSource:
    known_hosts = server.known if known is None else known
    return GitSource(url=server.url(repository.path), ref=ref, deploy_key="key", known_hosts=known_hosts)


def refused(call: Callable[[], Context]) -> SourceError:
    with pytest.raises(SourceError) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("ref", [None, "trunk", "v1", "annotated", "refs/tags/v1", "commit"])
def test_every_kind_of_ref_becomes_a_full_commit(
    ref: str | None, sshd: SshServer, repository: Repository, fetch: Callable[..., Context], told: Told
) -> None:
    wanted = repository.commit(app="one")
    repository.git("tag", "v1")
    repository.git("tag", "-a", "annotated", "-m", "x")
    if ref not in (None, "trunk"):
        repository.commit(app="two")
    context = fetch(by_ssh(sshd, repository, ref=wanted if ref == "commit" else ref))
    assert (context.commit, told.facts["commit"]) == (wanted, wanted)
    assert (context.directory / "app").read_text() == "one"


def test_nothing_of_the_private_key_is_left_said_or_in_an_argument(
    sshd: SshServer, repository: Repository, fetch: Callable[..., Context], told: Told, tmp_path: Path
) -> None:
    seen: list[bytes] = []
    fetch(by_ssh(sshd, repository), stop=lambda: seen.extend(arguments()))
    body = "".join(KEY.private.splitlines()[1:-1])[70:]
    assert any(b"StrictHostKeyChecking=yes" in line for line in seen)  # ssh was seen at work
    assert not any(body[:40].encode() in line for line in seen)
    assert body[:40] not in repr(told)
    left = [path for path in (tmp_path / "work").rglob("*") if path.is_file()]
    assert left and not any(b"PRIVATE KEY" in path.read_bytes() for path in left)


def arguments() -> list[bytes]:
    """The arguments of every process there is."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                found.append((process / "cmdline").read_bytes())
            except OSError:
                continue
    return found


def test_a_key_that_the_server_does_not_know_is_said_so(
    sshd: SshServer, repository: Repository, fetch: Callable[..., Context]
) -> None:
    error = refused(lambda: fetch(by_ssh(sshd, repository), key=KeyPair.fresh()))
    assert error.problem.code == "git_credential" and "public part" in error.problem.advice
    assert not error.problem.retry_helps and "Permission denied" in repr(error.problem.evidence)


def fingerprint(server: SshServer, tmp_path: Path) -> str:
    """As ssh's own tool writes it."""
    file = tmp_path / "host.pub"
    file.write_text(server.host_key.public)
    said = subprocess.run(["ssh-keygen", "-lf", str(file)], capture_output=True, text=True, check=True).stdout
    return said.split()[1]


@pytest.mark.parametrize("known", ["", f"other.example.org {KeyPair.fresh().public}\n"], ids=["none", "another"])
def test_a_host_key_that_is_not_known_is_named_and_not_trusted(
    known: str, sshd: SshServer, repository: Repository, fetch: Callable[..., Context], tmp_path: Path
) -> None:
    error = refused(lambda: fetch(by_ssh(sshd, repository, known=known)))
    assert error.problem.code == "host_key_unknown" and f"[{NAME}]:{sshd.port}" in error.problem.advice
    assert fingerprint(sshd, tmp_path) in repr(error.problem.evidence)


def test_a_host_key_that_has_changed_ends_the_build(
    sshd: SshServer, repository: Repository, fetch: Callable[..., Context], tmp_path: Path
) -> None:
    old = f"[{NAME}]:{sshd.port} {KeyPair.fresh().public}\n"
    error = refused(lambda: fetch(by_ssh(sshd, repository, known=old)))
    assert error.problem.code == "host_key_changed" and "operator" in error.problem.advice
    assert fingerprint(sshd, tmp_path) in repr(error.problem.evidence)


def test_a_host_key_that_is_revoked_ends_the_build(
    sshd: SshServer, repository: Repository, fetch: Callable[..., Context]
) -> None:
    error = refused(lambda: fetch(by_ssh(sshd, repository, known=f"{sshd.known}@revoked {sshd.known}")))
    assert error.problem.code == "host_key_changed"


def test_the_hosts_own_list_is_trusted_too(
    sshd: SshServer, repository: Repository, fetch: Callable[..., Context], tmp_path: Path
) -> None:
    site = tmp_path / "a list" / "known_hosts"
    site.parent.mkdir()
    site.write_text(sshd.known)
    limits = GitLimits(private=("127.0.0.0/8",), known_hosts=site)
    assert fetch(by_ssh(sshd, repository, known=""), limits).commit


def test_nothing_of_this_machines_own_ssh_is_used(
    sshd: SshServer, repository: Repository, fetch: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither an agent nor whatever git or ssh would be told by the environment."""
    monkeypatch.setenv("GIT_SSH_COMMAND", "false")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/nonexistent")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.sshCommand")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "false")
    assert fetch(by_ssh(sshd, repository)).commit


def test_another_address_is_tried_when_the_first_does_not_answer(
    sshd: SshServer, repository: Repository, fetch: Callable[..., Context], leads_to: Callable[..., None]
) -> None:
    leads_to("127.0.0.9", "127.0.0.1")
    assert fetch(by_ssh(sshd, repository)).commit


@pytest.mark.parametrize("addresses", [["127.0.0.9"], ["127.0.0.9", "127.0.0.8"]])
def test_a_server_that_does_not_answer_is_worth_another_try(
    addresses: list[str],
    sshd: SshServer,
    repository: Repository,
    fetch: Callable[..., Context],
    leads_to: Callable[..., None],
) -> None:
    leads_to(*addresses)
    error = refused(lambda: fetch(by_ssh(sshd, repository)))
    assert (error.problem.code, error.problem.retry_helps) == ("source_unreachable", True)


def test_a_name_that_leads_to_a_private_address_is_not_connected_to(
    sshd: SshServer, repository: Repository, fetch: Callable[..., Context]
) -> None:
    before = sshd.log.read_text()
    assert refused(lambda: fetch(by_ssh(sshd, repository), GitLimits())).problem.code == "source_private"
    assert sshd.log.read_text() == before


def test_a_source_by_ssh_without_a_key_says_what_to_do(
    sshd: SshServer, repository: Repository, fetch: Callable[..., Context]
) -> None:
    error = refused(lambda: fetch(GitSource(url=sshd.url(repository.path))))
    assert error.problem.code == "git_credential" and "Name a deploy key" in error.problem.advice


def test_a_host_without_ssh_says_what_to_install(
    sshd: SshServer, repository: Repository, fetch: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.sources.git_ssh.CHILD_PATH", "/nonexistent")
    error = refused(lambda: fetch(by_ssh(sshd, repository)))
    assert (error.problem.code, error.problem.whose) == ("ssh_missing", "host")
    assert "openssh-client" in error.problem.advice


@pytest.fixture
def silent() -> object:
    """A port at which connections are taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_server_that_says_nothing_ends_with_the_deadline(
    silent: int, repository: Repository, fetch: Callable[..., Context]
) -> None:
    source = GitSource(url=f"ssh://git@{NAME}:{silent}/x", deploy_key="key")
    since = time.monotonic()
    error = refused(lambda: fetch(source, GitLimits(private=("127.0.0.0/8",), seconds=1.0)))
    assert error.problem.code == "source_timeout" and time.monotonic() - since < 6


def test_a_slow_fetch_is_cancelled_and_its_programs_end(
    silent: int, repository: Repository, fetch: Callable[..., Context]
) -> None:
    asked = threading.Event()
    threading.Timer(1.0, asked.set).start()

    def stop() -> None:
        if asked.is_set():
            raise Cancelled

    source = GitSource(url=f"ssh://git@{NAME}:{silent}/x", deploy_key="key")
    with pytest.raises(Cancelled):
        fetch(source, stop=stop)
    until = time.monotonic() + 5
    while any(f"HostKeyAlias=[{NAME}]:{silent}".encode() in line for line in arguments()):
        assert time.monotonic() < until
