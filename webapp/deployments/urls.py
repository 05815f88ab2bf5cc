"""Paths of the pages of the board, services, deployments and replicas."""

from django.urls import path, re_path

from webapp.deployments.views import (
    boards,
    carrying,
    deployments,
    history,
    leaving,
    plans,
    replicas,
    services,
    verdicts,
)

STEPS = "(?P<step>promotion|rollback)"
KINDS = "(?P<kind>restart|stop|start)"
REPLICA_KINDS = "(?P<kind>restart|stop|start|duplication|deletion)"

urlpatterns = [
    path("projects/<str:id>/", boards.show, name="board"),
    path("projects/<str:id>/board/", boards.part, name="board_part"),
    path("projects/<str:id>/services/new/", services.new, name="service_new"),
    path("services/<str:id>/", services.show, name="service"),
    path("services/<str:id>/now/", services.part, name="service_part"),
    path("services/<str:id>/definition/", services.edit, name="service_edit"),
    path("services/<str:id>/deletion/", services.delete, name="service_delete"),
    path("services/<str:id>/deployment/", services.deploy, name="service_deploy"),
    path("services/<str:id>/plan/", plans.of_service, name="service_plan"),
    path("services/<str:id>/scale/", services.scale, name="service_scale"),
    re_path(rf"^services/(?P<id>[^/]+)/{KINDS}/$", services.change, name="service_change"),
    path("releases/<str:id>/", services.release, name="release"),
    path("projects/<str:id>/deployments/", history.index, name="deployments"),
    path("deployments/<str:id>/", deployments.show, name="deployment"),
    path("deployments/<str:id>/now/", deployments.part, name="deployment_part"),
    path("deployments/<str:id>/approval/", verdicts.approve, name="deployment_approve"),
    path("deployments/<str:id>/rejection/", verdicts.reject, name="deployment_reject"),
    path("deployments/<str:id>/replanning/", verdicts.replan, name="deployment_replan"),
    path("deployments/<str:id>/emergency/", verdicts.hurry, name="deployment_hurry"),
    path("deployments/<str:id>/review/", verdicts.review, name="deployment_review"),
    path("projects/<str:id>/reviews/", verdicts.reviews, name="reviews"),
    path("services/<str:id>/comparison/", services.comparison, name="service_comparison"),
    path("deployments/<str:id>/cancellation/", deployments.cancel, name="deployment_cancel"),
    path("deployments/<str:id>/promotion/", deployments.promote, name="deployment_promote"),
    path("deployments/<str:id>/rollback/", deployments.roll_back, name="deployment_roll_back"),
    re_path(rf"^deployments/(?P<id>[^/]+)/{STEPS}/plan/$", plans.of_deployment, name="deployment_plan"),
    path("hosts/<str:id>/evacuation/", leaving.evacuate, name="host_evacuate"),
    path("hosts/<str:id>/removal/", leaving.remove, name="host_remove"),
    path("replicas/<str:id>/", replicas.show, name="replica"),
    path("replicas/<str:id>/move/", carrying.move, name="replica_move"),
    path("volumes/<str:id>/restoration/", carrying.restore, name="volume_restore"),
    path("replicas/<str:id>/now/", replicas.part, name="replica_part"),
    path("replicas/<str:id>/evacuation/", replicas.move_away, name="replica_move_away"),
    re_path(rf"^replicas/(?P<id>[^/]+)/{REPLICA_KINDS}/$", replicas.change, name="replica_change"),
]
