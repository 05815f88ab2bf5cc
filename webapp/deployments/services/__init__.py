"""RUNNING, as verbs. Whatever changes what runs goes through `request.submit`: there is no second path."""

from webapp.deployments.services.approving import approve, reject
from webapp.deployments.services.cancelling import cancel
from webapp.deployments.services.carrying import move, restore
from webapp.deployments.services.changing import delete_replica, duplicate, restart, scale, start, stop
from webapp.deployments.services.defining import change_service, define_service
from webapp.deployments.services.deleting import delete_service
from webapp.deployments.services.deploying import deploy, hurry, next_environment, promote, roll_back
from webapp.deployments.services.moving import evacuate, leave_host, move_by_themselves
from webapp.deployments.services.planning_again import replan
from webapp.deployments.services.previewing import preview_deploy, preview_promotion, preview_rollback
from webapp.deployments.services.removing import remove_host
from webapp.deployments.services.reviewing import review

__all__ = [
    "approve",
    "cancel",
    "change_service",
    "define_service",
    "delete_replica",
    "delete_service",
    "deploy",
    "duplicate",
    "evacuate",
    "hurry",
    "leave_host",
    "move",
    "move_by_themselves",
    "next_environment",
    "preview_deploy",
    "preview_promotion",
    "preview_rollback",
    "promote",
    "reject",
    "remove_host",
    "replan",
    "restart",
    "restore",
    "review",
    "roll_back",
    "scale",
    "start",
    "stop",
]
