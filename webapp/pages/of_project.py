"""The places of a project: at most seven entries, some of which are several pages side by side."""

from typing import NamedTuple


class Page(NamedTuple):
    """A page of a project: its title, and the name of its address."""

    title: str
    name: str


class Entry(NamedTuple):
    """A tab; its first page is where it leads."""

    title: str
    pages: tuple[Page, ...]


ENTRIES = (
    Entry("Board", (Page("Board", "board"),)),
    Entry("Images", (Page("Images", "images"), Page("Uploads", "uploads"))),
    Entry("Deployments", (Page("Deployments", "deployments"), Page("Reviews", "reviews"))),
    Entry(
        "Environments",
        (
            Page("Environments", "environments"),
            Page("Secrets", "secrets"),
            Page("Certificates", "certificates"),
            Page("Volumes", "volumes"),
        ),
    ),
    Entry("Registries", (Page("Registries", "registries"), Page("Retention", "retention"))),
    Entry(
        "Integrations",
        (Page("Hooks", "hooks"), Page("Notices", "notices"), Page("Deploy keys", "deploy_keys")),
    ),
    Entry("Settings", (Page("Settings", "project_settings"),)),
)
PAGES = tuple(page for entry in ENTRIES for page in entry.pages)


def entry_of(name: str) -> Entry | None:
    """The tab under which the page of this name is found."""
    return next((entry for entry in ENTRIES if any(page.name == name for page in entry.pages)), None)
