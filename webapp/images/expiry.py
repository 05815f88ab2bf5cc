"""A build whose image retention has let go of on the hosts: the row stays and says so.

What needs the bytes on a host is refused. Running it is `services.reviving`'s: a registry may have them still.
"""

from webapp.images import supply
from webapp.images.models import Build
from webapp.problems import Conflicting


def said_of(build: Build) -> str:
    """What became of its image and what to do; empty while it is there."""
    if build.expired_at is None:
        return ""
    said = f"Its image was removed by retention on {build.expired_at:%Y-%m-%d}"
    if supply.is_pulled(build):
        return f"{said}; a registry has it still, so it can be deployed: hosts fetch it by its digest."
    return f"{said}: build it again."


def refuse_expired(build: Build, *, to: str = "run") -> None:
    """Raise `Conflicting` when its image is gone. To be asked under the lock of its image (`lock_image`)."""
    if build.expired_at is not None:
        raise Conflicting(code="build.expired", detail=f"Build {build.number} cannot {to}. {said_of(build)}")


def refuse_without_image(build: Build, *, what: str, done: str) -> None:
    """Raise `Conflicting` unless there is an image to do this with: `what` begins the code (push), `done` is pushed.

    To be asked under the lock of its image, as `refuse_expired`.
    """
    if build.state != "succeeded" or not build.config_digest:
        said = f"Build {build.number} is {build.state}: only one that succeeded is {done}."
        raise Conflicting(code=f"{what}.not_built", detail=said)
    refuse_expired(build, to=f"be {done}")
