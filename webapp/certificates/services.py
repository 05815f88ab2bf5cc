"""Certificates as verbs: bring one, or a newer one of its name; delete it."""

from datetime import datetime
from typing import Any

from django.db import transaction

from webapp import sealing
from webapp.audit.services import record_of
from webapp.certificates.models import Certificate
from webapp.certificates.reading import Bundle, read_bundle
from webapp.certificates.using import Users
from webapp.findings import Findings
from webapp.problems import Conflicting
from webapp.teams.models import Project
from webapp.teams.policy import Action, Actor, require

MAX_CERTIFICATES = 50  # of one project


def bring_certificate(*, actor: Actor, project: Project, name: str, chain: str, key: str, now: datetime) -> Certificate:
    """A chain with its key. One of this name is replaced, and hosts that serve with it are told.

    Raises `Invalid` by field, `Conflicting` where a project has too many, `Forbidden`.
    """
    require(actor, Action.OPERATE, project)
    findings = Findings()
    findings.slug(name, "name")
    bundle = read_bundle(findings, chain=chain, key=key, now=now)
    findings.settle()
    if bundle is None:
        raise AssertionError("what is not read is noted")
    with transaction.atomic():
        Project.objects.select_for_update().get(id=project.id)
        there = Certificate.objects.filter(project=project)
        former = there.filter(name=name).first()
        if former is None and there.count() >= MAX_CERTIFICATES:
            detail = f"A project has at most {MAX_CERTIFICATES} certificates."
            raise Conflicting(code="certificate.too_many", detail=detail)
        certificate = former or Certificate(project=project, name=name)
        before = _facts(former) if former is not None else None
        _fill(certificate, bundle, actor, now)
        certificate.save()
        _record(actor, "certificate.brought", certificate, before=before, after=_facts(certificate))
    return certificate


def delete_certificate(*, actor: Actor, certificate: Certificate, users: Users) -> None:
    """Forget it with its key. Raises `Conflicting` while something would be served with none. Twice is once."""
    require(actor, Action.OPERATE, certificate.project)
    with transaction.atomic():
        uses = users(certificate)
        if uses:
            detail = f"{certificate.name} is the only certificate for {', '.join(uses)}. Bring another for them first."
            raise Conflicting(code="certificate.in_use", detail=detail)
        gone, _ = Certificate.objects.filter(id=certificate.id).delete()
        if gone:
            _record(actor, "certificate.deleted", certificate, before=_facts(certificate))


def _fill(certificate: Certificate, bundle: Bundle, actor: Actor, now: datetime) -> None:
    certificate.hosts = list(bundle.hosts)
    certificate.issuer = bundle.issuer
    certificate.fingerprint = bundle.fingerprint
    certificate.not_before = bundle.not_before
    certificate.not_after = bundle.not_after
    certificate.bundle = sealing.seal(bundle.pem)
    certificate.brought_at = now
    certificate.delivered_at = None
    certificate.created_by = actor.user


def _facts(certificate: Certificate) -> dict[str, Any]:
    return {
        "name": certificate.name,
        "hosts": certificate.hosts,
        "fingerprint": certificate.fingerprint,
        "not_after": certificate.not_after.isoformat(),
    }


def _record(
    actor: Actor,
    action: str,
    certificate: Certificate,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    target = ("certificate", certificate.id, certificate.name)
    record_of(certificate.project, actor=actor, action=action, target=target, before=before, after=after)
