"""Profiles as verbs of the site admin: define, change, delete."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from webapp.audit.services import record_of
from webapp.findings import Findings
from webapp.isolation.definition import clean_allows, clean_ceilings, clean_sets, clean_title
from webapp.isolation.models import Profile
from webapp.isolation.using import Users
from webapp.problems import Conflicting
from webapp.teams.policy import Actor, require_site_admin

MAX_PROFILES = 50


def define_profile(
    *,
    actor: Actor,
    slug: str,
    title: str,
    sets: Mapping[str, Any] | None = None,
    allows: Mapping[str, Any] | None = None,
    ceilings: Mapping[str, Any] | None = None,
) -> Profile:
    """A profile that services may name from now on. Raises `Invalid` by field, `Conflicting` (taken, too many)."""
    require_site_admin(actor)
    findings = Findings()
    findings.slug(slug)
    values = {
        "title": clean_title(findings, title),
        "sets": clean_sets(findings, sets or {}),
        "allows": clean_allows(findings, allows or {}),
        "ceilings": clean_ceilings(findings, ceilings or {}),
    }
    findings.settle()
    if Profile.objects.count() >= MAX_PROFILES:
        raise Conflicting(code="profile.too_many", detail=f"There are at most {MAX_PROFILES} profiles.")
    with transaction.atomic():
        try:
            with transaction.atomic():
                profile = Profile.objects.create(slug=slug, **values)
        except IntegrityError as error:
            raise Conflicting(code="profile.taken", detail=f"There is a profile {slug} already.") from error
        _record(actor, "isolation.profile_defined", profile, after=_facts(profile))
    return profile


def change_profile(
    *,
    actor: Actor,
    profile: Profile,
    title: str | None = None,
    sets: Mapping[str, Any] | None = None,
    allows: Mapping[str, Any] | None = None,
    ceilings: Mapping[str, Any] | None = None,
) -> Profile:
    """Change what is given, each as a whole. What runs goes on as it was frozen; the next deployment meets it."""
    require_site_admin(actor)
    findings = Findings()
    given: dict[str, Any] = {}
    if title is not None:
        given["title"] = clean_title(findings, title)
    if sets is not None:
        given["sets"] = clean_sets(findings, sets)
    if allows is not None:
        given["allows"] = clean_allows(findings, allows)
    if ceilings is not None:
        given["ceilings"] = clean_ceilings(findings, ceilings)
    findings.settle()
    with transaction.atomic():
        row = Profile.objects.select_for_update().get(id=profile.id)
        before = _facts(row)
        for name, value in given.items():
            setattr(row, name, value)
        after = _facts(row)
        if after != before:
            row.save(update_fields=list(given))
            _record(actor, "isolation.profile_changed", row, before=before, after=after)
    return row


def make_default(*, actor: Actor, profile: Profile) -> Profile:
    """From now on it holds where a service names none. Done twice it changes nothing."""
    require_site_admin(actor)
    with transaction.atomic():
        rows = {row.id: row for row in Profile.objects.select_for_update()}
        row = rows[profile.id]
        if row.is_default:
            return row
        former = next(other for other in rows.values() if other.is_default)
        Profile.objects.filter(id=former.id).update(is_default=False)
        Profile.objects.filter(id=row.id).update(is_default=True)
        row.is_default = True
        _record(
            actor,
            "isolation.default_changed",
            row,
            before={"default": former.slug},
            after={"default": row.slug},
        )
    return row


def delete_profile(*, actor: Actor, profile: Profile, users: Users) -> None:
    """Raises `Conflicting` for the default one, and while a service names it or runs with it. Twice is once."""
    require_site_admin(actor)
    with transaction.atomic():
        row = Profile.objects.select_for_update().filter(id=profile.id).first()
        if row is None:
            return
        if row.is_default:
            detail = "This is the default profile: make another one the default first."
            raise Conflicting(code="profile.is_default", detail=detail)
        uses = users(row)
        if uses:
            named = ", ".join(use.words for use in uses[:10]) + (" and more" if len(uses) > 10 else "")
            detail = f"Services use it: {named}. Give them another one and deploy them first."
            raise Conflicting(code="profile.in_use", detail=detail)
        before = _facts(row)
        row.delete()
        _record(actor, "isolation.profile_deleted", profile, before=before)


def _facts(profile: Profile) -> dict[str, Any]:
    return {
        "slug": profile.slug,
        "title": profile.title,
        "sets": profile.sets,
        "allows": profile.allows,
        "ceilings": profile.ceilings,
    }


def _record(
    actor: Actor,
    action: str,
    profile: Profile,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    target = ("isolation_profile", profile.id, profile.slug)
    record_of(None, actor=actor, action=action, target=target, before=before, after=after)
