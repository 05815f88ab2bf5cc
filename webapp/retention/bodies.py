"""Rules, dry runs and removals as the API says and hears them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from webapp.holdings.models import Forgetting
from webapp.registries.models import Erasure
from webapp.rest.serializers import StrictSerializer
from webapp.retention.gathering import ImagePlan
from webapp.retention.models import DEFAULT_KEEP, DEFAULT_RELEASES, RetentionRule
from webapp.retention.planning import MAX_KEEP, MIN_KEEP
from webapp.retention.services import MAX_DAYS, MAX_RELEASES, MIN_RELEASES


class RuleBody(StrictSerializer):
    """What is left out has its default."""

    keep = serializers.IntegerField(
        required=False, default=DEFAULT_KEEP, min_value=MIN_KEEP, max_value=MAX_KEEP,
        help_text="So many of the last builds that succeeded stay.",
    )  # fmt: skip
    days = serializers.IntegerField(
        required=False, default=None, allow_null=True, min_value=1, max_value=MAX_DAYS,
        help_text="And those that are younger.",
    )  # fmt: skip
    keep_tagged = serializers.BooleanField(required=False, default=True, help_text="And those built from a Git tag.")
    releases = serializers.IntegerField(
        required=False, default=DEFAULT_RELEASES, min_value=MIN_RELEASES, max_value=MAX_RELEASES,
        help_text="So many releases that succeeded can be gone back to, of each service in each environment.",
    )  # fmt: skip


class DryRunBody(StrictSerializer):
    rule = RuleBody(required=False, help_text="To be tried in place of the one that is set.")


class RuleShown(serializers.ModelSerializer[RetentionRule]):
    """`next_at`: when it is applied next."""

    next_at = serializers.DateTimeField()

    class Meta:
        model = RetentionRule
        fields = ("keep", "days", "keep_tagged", "releases", "next_at")


class RetentionShown(serializers.Serializer[Any]):
    """`rule`: of this very thing; `inherited`: the project's, which an image without its own follows."""

    rule = RuleShown(allow_null=True)
    inherited = RuleShown(allow_null=True)


class GoneShown(serializers.Serializer[Any]):
    build = serializers.CharField(source="id")
    number = serializers.IntegerField()
    digest = serializers.CharField()
    size = serializers.IntegerField(allow_null=True)
    finished_at = serializers.DateTimeField()


class KeptShown(serializers.Serializer[Any]):
    build = serializers.CharField()
    number = serializers.IntegerField()
    reason = serializers.CharField()


class LeavesShown(serializers.Serializer[Any]):
    build = serializers.CharField(source="build_id")
    repository = serializers.CharField()
    digest = serializers.CharField(help_text="Of the manifest; the tags that name it go with it.")
    tags = serializers.ListField(child=serializers.CharField())


class ImagePlanShown(serializers.Serializer[ImagePlan]):
    image = serializers.CharField(source="image.id")
    slug = serializers.CharField(source="image.slug")
    gone = GoneShown(many=True)
    kept = serializers.SerializerMethodField()
    frees = serializers.IntegerField(help_text="Bytes on all hosts together, at most.")
    leaves = LeavesShown(many=True, help_text="What Slipway's own registry lets go of, where there is one.")
    leaves_frees = serializers.IntegerField(help_text="Bytes there, at most.")

    @extend_schema_field(KeptShown(many=True))
    def get_kept(self, plan: ImagePlan) -> list[dict[str, Any]]:
        return [{"build": build.id, "number": build.number, "reason": why} for build, why in plan.kept]


class PlansShown(serializers.Serializer[Any]):
    images = ImagePlanShown(many=True)
    frees = serializers.IntegerField(help_text="Bytes on all hosts together, at most.")


class SkippedShown(serializers.Serializer[Any]):
    image_id = serializers.CharField()
    reason = serializers.CharField()


class ForgettingShown(serializers.ModelSerializer[Forgetting]):
    """What one host was told to let go of. `freed`: bytes as its engine counts them, null while it is not known."""

    host = serializers.CharField(source="host.name")
    log = serializers.CharField(source="log_id")
    skipped = SkippedShown(many=True)

    class Meta:
        model = Forgetting
        fields = ("id", "host", "state", "asked", "removed", "skipped", "freed", "log", "created_at", "finished_at")


class ErasureShown(serializers.ModelSerializer[Erasure]):
    """A manifest that Slipway's own registry was told to let go of. `problem`: of the last try, null for none."""

    state = serializers.ChoiceField(("waiting", "erased", "kept"), help_text="kept: a build counts on it again.")
    problem = serializers.SerializerMethodField()

    class Meta:
        model = Erasure
        fields = ("id", "repository", "digest", "state", "problem", "created_at", "finished_at")

    def get_problem(self, erasure: Erasure) -> str | None:
        return erasure.problem or None


def plans_shown(plans: list[ImagePlan]) -> dict[str, Any]:
    """The body of a dry run's answer and of a run's."""
    shown: dict[str, Any] = dict(PlansShown({"images": plans, "frees": sum(plan.frees for plan in plans)}).data)
    return shown
