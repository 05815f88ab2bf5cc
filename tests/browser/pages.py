"""Every page there is, by the name of its address, with whose id stands in it."""

from collections.abc import Iterable

from django.urls import URLPattern, URLResolver, get_resolver, reverse

PAGES = {
    "uploads": "project",
    "account": "",
    "audit": "",
    "board": "project",
    "build": "build",
    "build_comparison": "compared build",
    "build_exports": "build",
    "build_push": "build",
    "certificates": "project",
    "channel": "channel",
    "channel_new": "project",
    "deploy_key": "deploy key",
    "deploy_keys": "project",
    "deployment": "deployment",
    "deployments": "project",
    "environment": "environment",
    "environment_new": "project",
    "environments": "project",
    "hook": "hook",
    "hook_delivery": "delivery",
    "hook_new": "project",
    "hooks": "project",
    "host": "host",
    "host_enroll": "",
    "hosts": "",
    "image": "image",
    "images": "project",
    "image_build": "image",
    "image_edit": "image",
    "image_history": "image",
    "image_new": "project",
    "image_push": "image",
    "image_retention": "image",
    "image_revision": "revision",
    "invitation_accept": "",
    "isolation_profile": "profile",
    "isolation_profile_new": "",
    "isolation_profiles": "",
    "notices": "project",
    "member_role": "membership",
    "join_ask": "",
    "people": "",
    "project_new": "",
    "project_settings": "project",
    "projects": "",
    "registries": "project",
    "registry": "registry",
    "release": "release",
    "replica": "replica",
    "replica_files": "replica",
    "replica_move": "replica",
    "replica_image": "replica",
    "retention": "project",
    "reviews": "project",
    "secrets": "project",
    "service": "service",
    "service_comparison": "service",
    "service_deploy": "service",
    "service_edit": "service",
    "service_new": "project",
    "service_scale": "service",
    "team": "team",
    "team_new": "",
    "team_rename": "team",
    "teams": "",
    "tokens": "",
    "volume": "volume",
    "volume_delete": "volume",
    "volumes": "project",
}
# What GET answers with something that is no page of its own, or that needs nobody signed in (a test of its own).
OTHERS = {
    "deployment_plan",
    "service_plan",
    "board_part",
    "build_part",
    "build_exports_part",
    "export_archive",
    "backup_archive",
    "volume_part",
    "deployment_part",
    "favicon",
    "home",
    "host_part",
    "hosts_part",
    "invite",
    "join",
    "image_part",
    "log_text",
    "palette",
    "registry_content",
    "replica_files_part",
    "replica_part",
    "service_part",
    "sign_in",
}


def address_of(name: str, ids: dict[str, str]) -> str:
    """The path of a page on this stage."""
    whose = PAGES[name]
    return reverse(name, args=[ids[whose]] if whose else [])


def page_names() -> set[str]:
    """The names of all addresses outside of the API and what hosts and monitors ask, verbs included."""
    return set(_names(get_resolver("webapp.pages.urls").url_patterns))


def _names(patterns: Iterable[URLPattern | URLResolver]) -> Iterable[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _names(pattern.url_patterns)
        elif pattern.name:
            yield pattern.name
