"""WHAT, as verbs: define images, build them."""

from webapp.images.services.building import cancel_build, request_build, retry_build, reuse_build
from webapp.images.services.defining import change_image, define_image, delete_image, lock_image
from webapp.images.services.destinations import set_destinations
from webapp.images.services.pushing import cancel_push, everywhere, push_again, push_build
from webapp.images.services.queueing import move_build, put_build_first
from webapp.images.services.restoring import use_revision_again
from webapp.images.services.reviving import hold_to_run

__all__ = [
    "cancel_build",
    "cancel_push",
    "change_image",
    "define_image",
    "delete_image",
    "everywhere",
    "hold_to_run",
    "lock_image",
    "move_build",
    "push_again",
    "push_build",
    "put_build_first",
    "request_build",
    "retry_build",
    "reuse_build",
    "set_destinations",
    "use_revision_again",
]
