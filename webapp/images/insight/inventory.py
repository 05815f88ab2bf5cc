"""The packages that an image of a build holds: kept when a host tells them, compared between two builds."""

from collections.abc import Sequence
from dataclasses import dataclass

from runtime.contract.packages import Package, pack, unpack
from webapp.images.models import Build, Inventory

SHOWN = 300  # of each kind of change


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A package in another version."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageChanges:
    """In the order of names, of each kind at most `SHOWN`; `total` counts them all."""

    added: tuple[Package, ...]
    removed: tuple[Package, ...]
    changed: tuple[Changed, ...]
    total: int


def keep_packages(build: Build, packed: str) -> None:
    """What the host said, as far as it is lawful; nothing where it said nothing. Done twice is done once."""
    packages = unpack(packed)
    if packages:
        fields = {"packed": pack(packages), "count": len(packages)}
        Inventory.objects.update_or_create(build=build, defaults=fields)


def packages_of(build: Build) -> list[Package]:
    """Empty where no package database was found, or none was looked for."""
    found = Inventory.objects.filter(build=build).first()
    return unpack(found.packed) if found is not None else []


def compare_packages(before: Sequence[Package], after: Sequence[Package]) -> PackageChanges | None:
    """None where one of the two has none that are known. A package may be there in several versions."""
    if not before or not after:
        return None
    old, new = set(before) - set(after), set(after) - set(before)
    left, came = _by_name(old), _by_name(new)
    changed = [
        Changed(name=name, before=", ".join(left[name]), after=", ".join(came[name]))
        for name in sorted(left.keys() & came.keys())
    ]
    added = sorted(package for package in new if package[0] not in left)
    removed = sorted(package for package in old if package[0] not in came)
    return PackageChanges(
        added=tuple(added[:SHOWN]),
        removed=tuple(removed[:SHOWN]),
        changed=tuple(changed[:SHOWN]),
        total=len(added) + len(removed) + len(changed),
    )


def _by_name(packages: set[Package]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, version in sorted(packages):
        found.setdefault(name, []).append(version)
    return found
