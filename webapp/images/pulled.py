"""What is said of a build that pulled its image: under which name, and whether that is anything new."""

from dataclasses import dataclass

from webapp.images.models import Build


@dataclass(frozen=True, slots=True)
class Pulled:
    """`same_as`: the last build before it that succeeded, where the name still named the same image then."""

    reference: str
    same_as: Build | None


def pulled(build: Build) -> Pulled | None:
    """None for a build that made its image otherwise."""
    source = build.definition["source"]
    if source["kind"] != "reference":
        return None
    before = Build.objects.filter(image=build.image_id, number__lt=build.number, state="succeeded")
    last = before.order_by("-number").only("id", "number", "digest").first() if build.digest else None
    same = last if last is not None and last.digest == build.digest else None
    return Pulled(reference=source["reference"], same_as=same)
