"""What is asked for of deployments: the bodies of their verbs."""

from rest_framework import serializers

from webapp.deployments.services.gates import MAX_REASON, SHORTEST_REASON
from webapp.deployments.services.request import MAX_COMMENT
from webapp.deployments.services.reviewing import MAX_REVIEW
from webapp.deployments.settings.numbers import MAX_REPLICAS
from webapp.rest.serializers import StrictSerializer


def _emergency(*, required: bool) -> serializers.CharField:
    return serializers.CharField(
        required=required,
        min_length=SHORTEST_REASON,
        max_length=MAX_REASON,
        help_text="Why it cannot wait. With the right `emergency` it goes past approvals, windows, freezes and skipped "
        "environments, and somebody else reviews it afterwards.",
    )


def _queue() -> serializers.BooleanField:
    return serializers.BooleanField(
        required=False,
        help_text="Where another deployment of the service is under way there: stand in line until that has ended, in "
        "the place of what stands there, instead of being answered 409 deployment.under_way.",
    )


class NewDeploymentSerializer(StrictSerializer):
    """Exactly one of build, digest and release."""

    service = serializers.CharField()
    environment = serializers.CharField()
    build = serializers.CharField(required=False)
    digest = serializers.RegexField(r"^sha256:[0-9a-f]{64}\Z", required=False)
    release = serializers.CharField(required=False)
    comment = serializers.CharField(required=False, allow_blank=True, max_length=MAX_COMMENT)
    emergency = _emergency(required=False)
    queue = _queue()


class CommentSerializer(StrictSerializer):
    comment = serializers.CharField(required=False, allow_blank=True, max_length=MAX_COMMENT)


class WishSerializer(CommentSerializer):
    emergency = _emergency(required=False)
    queue = _queue()


class EmergencySerializer(StrictSerializer):
    emergency = _emergency(required=True)


class ReviewSerializer(StrictSerializer):
    comment = serializers.CharField(max_length=MAX_REVIEW, help_text="What came of looking at it.")


class NewApprovalSerializer(CommentSerializer):
    plan_hash = serializers.RegexField(r"^[0-9a-f]{64}\Z", help_text="Of the plan that was looked at.")


class NewRejectionSerializer(CommentSerializer):
    plan_hash = serializers.RegexField(r"^[0-9a-f]{64}\Z", required=False)


class EvacuationSerializer(WishSerializer):
    environment = serializers.CharField()
    host = serializers.CharField(help_text="The name of the host that is left.")


class ScaleSerializer(WishSerializer):
    environment = serializers.CharField()
    replicas = serializers.IntegerField(min_value=1, max_value=MAX_REPLICAS)
