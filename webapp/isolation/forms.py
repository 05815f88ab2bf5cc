"""The form of an isolation profile: few boxes, each of which the verb checks."""

from typing import Any

from django import forms

from webapp import writing
from webapp.isolation.models import Profile
from webapp.isolation.rules import CEILINGS
from webapp.isolation.words import amount, mounts, mounts_text, numbers, numbers_text
from webapp.page import Form, code_box

LONG = 4000
GIVEN = "What containers are given"
BEYOND = "What services may ask for beyond"


class ChangeForm(Form):
    """What a profile says."""

    carries = {
        "sets": "capabilities",
        "allows": "allowed",
        "sets.tmpfs": "tmpfs",
        "sets.user": "user",
        "sets.runtime": "runtime",
        "allows.runtimes": "runtimes",
        "allows.tmpfs": "tmpfs_total",
        "ceilings": "ceilings",
    }
    groups: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("Name", ("title",)),
        (GIVEN, ("capabilities", "no_new_privileges", "read_only", "tmpfs", "user", "runtime")),
        (BEYOND, ("allowed", "new_privileges", "writable_root", "root", "tmpfs_total", "runtimes")),
        ("The highest limits", ("ceilings",)),
    )

    title = forms.CharField(max_length=LONG, label="Title", help_text="As teams read it when they pick one.")
    capabilities = forms.CharField(
        required=False,
        max_length=LONG,
        widget=code_box(2),
        label="Capabilities",
        help_text="All others are dropped. Names without CAP_, parted by spaces.",
    )
    no_new_privileges = forms.BooleanField(required=False, label="No new privileges (set-user-ID programs gain none)")
    read_only = forms.BooleanField(required=False, label="The root is only read")
    tmpfs = forms.CharField(
        required=False,
        max_length=LONG,
        widget=code_box(2),
        label="Folders in memory",
        help_text="Path and size, one a line: /tmp 64m.",
    )
    user = forms.CharField(required=False, max_length=LONG, label="User", help_text="Empty: whom the image names.")
    runtime = forms.CharField(
        required=False, max_length=LONG, label="Runtime", help_text="Empty: each engine's own choice. Such as runsc."
    )
    allowed = forms.CharField(
        required=False,
        max_length=LONG,
        widget=code_box(2),
        label="Further capabilities",
        help_text="Parted by spaces.",
    )
    new_privileges = forms.BooleanField(required=False, label="Services may let programs gain privileges")
    writable_root = forms.BooleanField(required=False, label="Services may write to the root")
    root = forms.BooleanField(required=False, label="Services may run as root")
    tmpfs_total = forms.CharField(
        required=False, max_length=LONG, label="Folders in memory, in all", help_text="Such as 512m. Empty: none."
    )
    runtimes = forms.CharField(
        required=False, max_length=LONG, label="Further runtimes", help_text="Parted by spaces: runc crun runsc."
    )
    ceilings = forms.CharField(
        required=False,
        max_length=LONG,
        widget=code_box(3),
        label="Highest limits",
        help_text=f"One a line, such as memory 2g: {', '.join(CEILINGS)}. Open files and bytes a second hold where a "
        "service says none.",
    )

    def carried(self) -> dict[str, Any]:
        """The verb's arguments."""
        given = self.cleaned_data
        sets = {
            "capabilities": given["capabilities"].split(),
            "no_new_privileges": given["no_new_privileges"],
            "read_only": given["read_only"],
            "tmpfs": mounts(given["tmpfs"]),
            "user": given["user"].strip(),
            "runtime": given["runtime"].strip(),
        }
        allows = {
            "capabilities": given["allowed"].split(),
            "new_privileges": given["new_privileges"],
            "writable_root": given["writable_root"],
            "root": given["root"],
            "tmpfs": amount(given["tmpfs_total"]) if given["tmpfs_total"].strip() else 0,
            "runtimes": given["runtimes"].split(),
        }
        return {"title": given["title"], "sets": sets, "allows": allows, "ceilings": numbers(given["ceilings"])}


class ProfileForm(ChangeForm):
    """A new one."""

    groups = (("Name", ("slug", "title")), *ChangeForm.groups[1:])

    slug = forms.CharField(
        max_length=LONG, label="Short name", help_text="Lower-case letters, digits and hyphens. It never changes."
    )
    field_order = ("slug", "title")

    def carried(self) -> dict[str, Any]:
        return {"slug": self.cleaned_data["slug"], **super().carried()}


def initial(profile: Profile) -> dict[str, Any]:
    """A profile as the form shows it."""
    sets, allows = profile.sets, profile.allows
    return {
        "title": profile.title,
        "capabilities": " ".join(sets["capabilities"]),
        "no_new_privileges": sets["no_new_privileges"],
        "read_only": sets["read_only"],
        "tmpfs": mounts_text(sets["tmpfs"]),
        "user": sets["user"],
        "runtime": sets["runtime"],
        "allowed": " ".join(allows["capabilities"]),
        "new_privileges": allows["new_privileges"],
        "writable_root": allows["writable_root"],
        "root": allows["root"],
        "tmpfs_total": writing.memory_text(allows["tmpfs"]) if allows["tmpfs"] else "",
        "runtimes": " ".join(allows["runtimes"]),
        "ceilings": numbers_text(profile.ceilings),
    }
