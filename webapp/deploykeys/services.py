"""Deploy keys as verbs: make one, say which servers it is for, delete it."""

from typing import Any

from django.db import IntegrityError, transaction

from webapp import sealing
from webapp.audit.services import record_of
from webapp.deploykeys.knownhosts import clean_known_hosts, described
from webapp.deploykeys.models import DeployKey
from webapp.deploykeys.pairs import new_pair
from webapp.deploykeys.using import Users
from webapp.findings import Findings
from webapp.problems import Conflicting
from webapp.teams.models import Project
from webapp.teams.policy import Action, Actor, require

MAX_KEYS = 50  # of one project


def create_deploy_key(*, actor: Actor, project: Project, name: str, known_hosts: str = "") -> DeployKey:
    """A fresh pair; its public part is for the Git server. Raises `Invalid`, `Conflicting`, `Forbidden`."""
    require(actor, Action.DEFINE, project)
    findings = Findings()
    findings.slug(name, "name")
    lines = clean_known_hosts(findings, known_hosts)
    findings.settle()
    pair = new_pair(comment=f"slipway-{project.slug}-{name}")
    with transaction.atomic():
        Project.objects.select_for_update().get(id=project.id)
        if DeployKey.objects.filter(project=project).count() >= MAX_KEYS:
            raise Conflicting(code="deploy_key.too_many", detail=f"A project has at most {MAX_KEYS} deploy keys.")
        try:
            with transaction.atomic():
                key = DeployKey.objects.create(
                    project=project,
                    name=name,
                    public=pair.public,
                    fingerprint=pair.fingerprint,
                    private=sealing.seal(pair.private),
                    known_hosts=lines,
                    created_by=actor.user,
                )
        except IntegrityError as error:
            detail = f"The project already has a deploy key {name}. Take another name, or delete that one first."
            raise Conflicting(code="deploy_key.taken", detail=detail) from error
        _record(actor, "deploy_key.created", key, after=_facts(key))
    return key


def change_known_hosts(*, actor: Actor, key: DeployKey, known_hosts: str) -> DeployKey:
    """Which host keys builds that sign in with it trust, from the next build on. The same again changes nothing."""
    require(actor, Action.DEFINE, key.project)
    findings = Findings()
    lines = clean_known_hosts(findings, known_hosts)
    findings.settle()
    with transaction.atomic():
        row = DeployKey.objects.select_for_update().get(id=key.id)
        before = _facts(row)
        if row.known_hosts != lines:
            row.known_hosts = lines
            row.save(update_fields=["known_hosts"])
            _record(actor, "deploy_key.changed", row, before=before, after=_facts(row))
    return row


def delete_deploy_key(*, actor: Actor, key: DeployKey, users: Users) -> None:
    """Forget it with its private part. Raises `Conflicting` while an image's source names it. Twice is once."""
    require(actor, Action.DEFINE, key.project)
    with transaction.atomic():
        uses = users(key)
        if uses:
            named = ", ".join(use.slug for use in uses)
            detail = f"Images are fetched with {key.name}: {named}. Give them another key first."
            raise Conflicting(code="deploy_key.in_use", detail=detail)
        gone, _ = DeployKey.objects.filter(id=key.id).delete()
        if gone:
            _record(actor, "deploy_key.deleted", key, before=_facts(key))


def find_deploy_key(*, project: Project, name: str) -> DeployKey | None:
    """The key by which a source of this project signs in."""
    return DeployKey.objects.filter(project=project, name=name).first()


def _facts(key: DeployKey) -> dict[str, Any]:
    trusted = [f"{known.hosts} {known.kind} {known.fingerprint}" for known in described(key.known_hosts)]
    return {"name": key.name, "fingerprint": key.fingerprint, "known_hosts": trusted}


def _record(
    actor: Actor, action: str, key: DeployKey, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None
) -> None:
    record_of(
        key.project,
        actor=actor,
        action=action,
        target=("deploy_key", key.id, key.name),
        before=before,
        after=after,
    )
