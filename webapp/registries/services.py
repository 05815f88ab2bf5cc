"""Registries as verbs: name one, change it, let it go, ask it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.fernet import InvalidToken
from django.db import IntegrityError, transaction

from runtime.contract.references import BadReference, Reference
from webapp import sealing
from webapp.audit import services as audit
from webapp.findings import Findings
from webapp.problems import Conflicting, Invalid, Refusal
from webapp.registries import client
from webapp.registries.addresses import clean_address
from webapp.registries.models import Registry
from webapp.registries.own import tokens
from webapp.teams.models import Project, Team
from webapp.teams.policy import Action, Actor, require

MAX_REGISTRIES = 50  # of one team
MAX_USERNAME = 200
MAX_PASSWORD = 8 * 1024
SHOWN_TAGS = 20  # the registry is asked about each of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A movable name and the digest that it names now; None where it went in the meantime."""

    name: str
    digest: str | None


def add_registry(
    *,
    actor: Actor,
    team: Team,
    project: Project | None = None,
    url: str,
    prefix: str = "",
    username: str = "",
    password: str = "",
) -> Registry:
    """A registry of the team, or of one project of it. Raises `Invalid`, `Conflicting`, `Forbidden`."""
    require(actor, Action.OPERATE, project or team)
    if project is not None and project.team_id != team.id:
        raise Invalid({"project": ["This project is of another team."]})
    findings = Findings()
    address = clean_address(findings, url=url, prefix=prefix)
    _check_login(findings, username, password)
    findings.settle()
    with transaction.atomic():
        Team.objects.select_for_update().get(id=team.id)
        if Registry.objects.filter(team=team).count() >= MAX_REGISTRIES:
            raise Conflicting(code="registry.too_many", detail=f"A team has at most {MAX_REGISTRIES} registries.")
        try:
            with transaction.atomic():
                registry = Registry.objects.create(
                    team=team,
                    project=project,
                    address=address.host,
                    plain=address.plain,
                    prefix=address.prefix,
                    username=username,
                    password=sealing.seal(password) if password else b"",
                    created_by=actor.user,
                )
        except IntegrityError as error:
            raise Conflicting(code="registry.taken", detail=f"{address.host} is known here already.") from error
        _record(actor, "registry.add", registry, after=_facts(registry))
    return registry


def change_registry(
    *,
    actor: Actor,
    registry: Registry,
    prefix: str | None = None,
    username: str | None = None,
    password: str | None = None,
) -> Registry:
    """Change what is given. The address stays: another address is another registry, and would get this password."""
    require(actor, Action.OPERATE, registry.project or registry.team)
    _refuse_own(registry)
    findings = Findings()
    address = clean_address(findings, url=registry.url, prefix=registry.prefix if prefix is None else prefix)
    findings.errors.pop("url", None)  # what an administrator no longer allows is found when it is asked
    wanted = registry.username if username is None else username
    _check_login(findings, wanted, _opened(registry) if password is None else password)
    findings.settle()
    with transaction.atomic():
        row = Registry.objects.select_for_update().get(id=registry.id)
        before = _facts(row)
        row.prefix, row.username = address.prefix, wanted
        if password is not None:
            row.password = sealing.seal(password) if password else b""
        row.save(update_fields=["prefix", "username", "password"])
        after = _facts(row) | ({"password": "changed"} if password is not None else {})
        if after != before:
            _record(actor, "registry.change", row, before=before, after=after)
    return row


def remove_registry(*, actor: Actor, registry: Registry) -> None:
    """Forget it with its password; what it holds stays there. Images that push to it push there no more."""
    require(actor, Action.OPERATE, registry.project or registry.team)
    _refuse_own(registry)
    with transaction.atomic():
        _record(actor, "registry.remove", registry, before=_facts(registry))
        registry.delete()


def check_registry(*, actor: Actor, registry: Registry, now: datetime) -> Registry:
    """Ask it whether it lets us in, and keep the answer. Never raises for what the registry says."""
    require(actor, Action.OPERATE, registry.project or registry.team)
    complaint = ""
    try:
        client.check(place_of(registry))
    except Refusal as refusal:
        complaint = refusal.detail[:400]
    Registry.objects.filter(id=registry.id).update(checked_at=now, complaint=complaint)
    registry.refresh_from_db()
    return registry


def list_repositories(*, actor: Actor, registry: Registry) -> list[str]:
    """What it holds, as far as it tells. Raises `Unwilling`, `Unreached`."""
    require(actor, Action.SEE, registry.project or registry.team)
    return client.repositories(place_of(registry), below=registry.prefix if registry.own else "")


def list_tags(*, actor: Actor, registry: Registry, repository: str, limit: int = SHOWN_TAGS) -> list[Tag]:
    """The tags of a repository, the last by name first, at most `limit`, each with its digest."""
    require(actor, Action.SEE, registry.project or registry.team)
    try:
        repository = Reference.parse(f"{registry.address}/{repository}:x").repository
    except BadReference as error:
        raise Invalid({"repository": [str(error)]}) from error
    if registry.own and not repository.startswith(f"{registry.prefix}/"):
        raise Invalid({"repository": [f"The repositories of this team begin with {registry.prefix}/."]})
    place = place_of(registry)
    names = client.tags(place, repository)[::-1][:limit]
    return [Tag(name=name, digest=client.digest_of(place, repository, name)) for name in names]


def place_of(registry: Registry) -> client.Place:
    """The registry as it is asked, its password opened."""
    if registry.own:
        return client.Place(url=registry.url, sign=_sign)
    return client.Place(url=registry.url, username=registry.username, password=_opened(registry))


def _sign(scope: str) -> str:
    """A token for what Slipway itself asks of its own registry: to read, as the scope says."""
    kind, _, rest = scope.partition(":")
    name, _, actions = rest.rpartition(":")
    return tokens.sign("slipway", [{"type": kind, "name": name, "actions": [actions]}] if actions else [])


def _refuse_own(registry: Registry) -> None:
    if registry.own:
        detail = "This is Slipway's own registry: it is switched on and off where Slipway is started."
        raise Conflicting(code="registry.own", detail=detail)


def _opened(registry: Registry) -> str:
    if not registry.password:
        return ""
    try:
        return sealing.unseal(bytes(registry.password))
    except InvalidToken as error:
        detail = f"No key that Slipway has opens the password of {registry.address}: set it again."
        raise Conflicting(code="registry.unreadable", detail=detail) from error


def _check_login(findings: Findings, username: str, password: str) -> None:
    findings.text(username, "username", limit=MAX_USERNAME, empty=True)
    findings.text(password, "password", limit=MAX_PASSWORD, empty=True)
    if ":" in username or any(not character.isprintable() for character in username + password):
        findings.add("username", "User and password hold no invisible characters, and the user no colon.")
    if bool(username) != bool(password):
        findings.add("password", "User and password go together: give both, or neither for a public registry.")


def _facts(registry: Registry) -> dict[str, Any]:
    return {
        "address": registry.address,
        "plain": registry.plain,
        "prefix": registry.prefix,
        "username": registry.username,
    }


def _record(
    actor: Actor,
    action: str,
    registry: Registry,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    audit.record(
        actor=actor,
        action=action,
        target_type="registry",
        target_id=registry.id,
        target=registry.address,
        team_id=registry.team_id,
        project_id=registry.project_id or "",
        before=before,
        after=after,
    )
