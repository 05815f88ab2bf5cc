"""Which way the repositories of one source are reached, and with what: each address asked about before it is used."""

from pathlib import Path

from runtime.contract.repositories import BadRepository, Repository
from runtime.contract.source import GitSource
from runtime.redaction import Secret
from runtime.sources.context import SourceError
from runtime.sources.git_https import Https
from runtime.sources.git_repository import Allowance, Fetched, Way
from runtime.sources.git_ssh import Ssh
from runtime.sources.means import Means
from runtime.sources.reach import answering, pinned_addresses

FILE = "file"  # only where the limits allow it: tests


class Ways:
    """Opens the repositories of `source`, all within one allowance."""

    def __init__(self, source: GitSource, means: Means) -> None:
        self.at = self._address(source.url, means)
        self._source = source
        self._means = means
        self._allowance = Allowance.of(means.git)
        for name in filter(None, (source.credential, source.deploy_key)):
            means.secret(name)  # nothing is asked of anybody when one is lacking

    def open(self, at: Repository, directory: Path) -> Fetched:
        """The repository at this address, to be fetched into `directory`. SourceError: it is not to be reached."""
        limits = self._means.git
        addresses: list[str] = []
        if at.scheme != FILE:
            addresses = pinned_addresses(at.host, at.reached_at, private=limits.private)
        git = Fetched(
            directory,
            way=lambda home: self._way(home, at, addresses),
            limits=limits,
            allowance=self._allowance,
            check_cancelled=self._means.check_cancelled,
        )
        if addresses and at.scheme == "https":
            git.check_version()
        return git

    def beside(self, at: Repository, text: str) -> Repository:
        """What a file of the repository `at` names. SourceError for what a source may not be."""
        if not text.startswith(("./", "../")):
            return self._address(text, self._means)
        try:
            return at.beside(text)
        except BadRepository as error:
            raise SourceError(f"{text[:200]!r} is not fetched: {error}") from error

    def _way(self, home: Path, at: Repository, addresses: list[str]) -> Way:
        if at.scheme != "ssh":
            literal = ":" in at.host  # nothing is looked up
            return Https(home, at=at, addresses=[] if literal else addresses, credential=self._credential(at))
        return Ssh(
            home,
            at=at,
            address=answering(addresses, at.reached_at, check_cancelled=self._means.check_cancelled),
            key=self._key(at),
            known_hosts=self._source.known_hosts,
            site=self._means.git.known_hosts,
        )

    def _credential(self, at: Repository) -> Secret | None:
        """It goes to the host of the source's own address, and to no other that a submodule names."""
        name, own = self._source.credential, self.at
        same = at.host == own.host and (own.scheme != at.scheme or own.reached_at == at.reached_at)
        return self._means.secret(name) if name is not None and same else None

    def _key(self, at: Repository) -> Secret:
        if self._source.deploy_key is None:
            advice = "Name a deploy key in the image's definition, or take an https address."
            raise SourceError(f"{at} is fetched by ssh, which needs a deploy key", code="git_credential", advice=advice)
        return self._means.secret(self._source.deploy_key)

    @staticmethod
    def _address(text: str, means: Means) -> Repository:
        allowed = means.git.protocols
        if FILE in allowed and text.startswith("file:///"):
            return Repository(scheme=FILE, host="", path=text.removeprefix("file://"))
        try:
            at = Repository.parse(text)
        except BadRepository as error:
            raise SourceError(f"{text[:200]!r} is not the address of a repository: {error}") from error
        if at.scheme not in allowed:
            raise SourceError(f"a repository's address begins with {' or '.join(allowed)}")
        return at
