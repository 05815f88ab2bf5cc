"""Define, change and delete hooks; make their secrets, each told once."""

import secrets
from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.timezone import now

from webapp import sealing
from webapp.audit import services as audit
from webapp.findings import Findings
from webapp.hooks.events import KINDS
from webapp.hooks.models import Hook
from webapp.images.models import Image
from webapp.problems import Conflicting, Invalid
from webapp.teams.policy import Action, Actor, require

MAX_HOOKS = 20  # of one image
MAX_PATTERN = 200
EVERY_BRANCH = ("*",)


def create_hook(
    *,
    actor: Actor,
    image: Image,
    name: str,
    kind: str,
    branches: Sequence[str] = EVERY_BRANCH,
    tags: Sequence[str] = (),
    paths: Sequence[str] = (),
    enabled: bool = True,
) -> tuple[Hook, str]:
    """A new hook and its secret, which nobody is told again. Only an image from Git can have one."""
    require(actor, Action.OPERATE, image.project)
    findings = Findings()
    findings.slug(name, "name")
    findings.choice(kind, "kind", KINDS)
    filters = _filters(findings, branches=branches, tags=tags, paths=paths)
    findings.settle()
    if image.source.get("kind") != "git":
        raise Invalid({"image": ["A hook builds a commit: this image does not come from Git."]})
    secret = _new_secret()
    with transaction.atomic():
        Image.objects.select_for_update().get(id=image.id)
        if Hook.objects.filter(image=image).count() >= MAX_HOOKS:
            raise Conflicting(code="hook.too_many", detail=f"An image has at most {MAX_HOOKS} hooks.")
        try:
            with transaction.atomic():
                hook = Hook.objects.create(
                    image=image,
                    name=name,
                    kind=kind,
                    enabled=enabled,
                    ciphertext=sealing.seal(secret),
                    secret_at=now(),
                    created_by=actor.user,
                    **filters,
                )
        except IntegrityError as error:
            raise Conflicting(code="hook.name_taken", detail=f"The image already has a hook {name}.") from error
        _record(actor, "hook.create", hook, after=_facts(hook))
    return hook, secret


def change_hook(
    *,
    actor: Actor,
    hook: Hook,
    branches: Sequence[str] | None = None,
    tags: Sequence[str] | None = None,
    paths: Sequence[str] | None = None,
    enabled: bool | None = None,
) -> Hook:
    """Change what is given. Name and kind stay: another sender is another hook, with a secret of its own."""
    require(actor, Action.OPERATE, hook.image.project)
    findings = Findings()
    after: dict[str, Any] = _filters(
        findings,
        branches=hook.branches if branches is None else branches,
        tags=hook.tags if tags is None else tags,
        paths=hook.paths if paths is None else paths,
    )
    findings.settle()
    after["enabled"] = hook.enabled if enabled is None else enabled
    before = {name: getattr(hook, name) for name in after}
    if after == before:
        return hook
    with transaction.atomic():
        if not Hook.objects.filter(id=hook.id, **before).update(**after):
            raise Conflicting(code="hook.changed", detail="Somebody else changed this hook just now: look again.")
        _record(actor, "hook.change", hook, before=before, after=after)
    hook.refresh_from_db()
    return hook


def renew_secret(*, actor: Actor, hook: Hook) -> str:
    """A new secret, told once; the old one is good for nothing from now on."""
    require(actor, Action.OPERATE, hook.image.project)
    secret = _new_secret()
    with transaction.atomic():
        Hook.objects.filter(id=hook.id).update(ciphertext=sealing.seal(secret), secret_at=now())
        _record(actor, "hook.secret_renewed", hook)
    return secret


def delete_hook(*, actor: Actor, hook: Hook) -> None:
    """End it, with what is kept of its deliveries. Builds stay."""
    require(actor, Action.OPERATE, hook.image.project)
    with transaction.atomic():
        _record(actor, "hook.delete", hook, before=_facts(hook))
        hook.delete()


def _new_secret() -> str:
    return secrets.token_hex(32)


def _filters(
    findings: Findings, *, branches: Sequence[str], tags: Sequence[str], paths: Sequence[str]
) -> dict[str, list[str]]:
    given = {"branches": branches, "tags": tags, "paths": paths}
    return {
        field: findings.patterns(patterns, field, limit=MAX_PATTERN, such_as="main, release/* or v*")
        for field, patterns in given.items()
    }


def _facts(hook: Hook) -> dict[str, Any]:
    kept = ("name", "kind", "branches", "tags", "paths", "enabled")
    return {"image": hook.image.slug, **{name: getattr(hook, name) for name in kept}}


def _record(actor: Actor, action: str, hook: Hook, **facts: Any) -> None:
    audit.record_of(hook.image.project, actor=actor, action=action, target=hook.as_target(), **facts)
