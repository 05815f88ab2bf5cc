"""What is read and shown of channels and notices."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from webapp.checks import slug_pattern
from webapp.notices.events import EVENTS
from webapp.notices.models import Channel, Notice
from webapp.notices.validation import KINDS, MAX_PATTERN, MAX_URL
from webapp.notices.ways.statuses import FORGES
from webapp.rest.serializers import StrictSerializer, patterns_field

STATES = ("queued", "sent", "failed", "skipped")


class ChannelShown(serializers.ModelSerializer[Channel]):
    """Everything but what is secret; `target` is the part of the address that may be shown."""

    events = serializers.ListField(child=serializers.CharField())
    images = serializers.ListField(child=serializers.CharField())
    environments = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Channel
        fields: tuple[str, ...] = (
            "id", "project", "name", "kind", "target", "forge", "credential", "events", "images", "environments",
            "enabled", "created_at",
        )  # fmt: skip


class ChannelMade(ChannelShown):
    """As `ChannelShown`; `secret` signs what a webhook is told, and is in this answer only. Empty for other kinds."""

    secret = serializers.SerializerMethodField()

    class Meta(ChannelShown.Meta):
        fields = (*ChannelShown.Meta.fields, "secret")

    def get_secret(self, channel: Channel) -> str:
        secret: str = self.context["secret"]
        return secret


def _events() -> serializers.ListField:
    child = serializers.ChoiceField(choices=EVENTS)
    return serializers.ListField(
        child=child, required=False, min_length=1, max_length=len(EVENTS), help_text="Default: what is usual."
    )


def _url(*, required: bool) -> serializers.CharField:
    about = "A webhook's address, a URL of Apprise, or where the API of a code host begins. Never shown again."
    return serializers.CharField(
        min_length=1, max_length=MAX_URL, trim_whitespace=False, write_only=True, required=required, help_text=about
    )


IMAGES = "Patterns of images' slugs. None: every image."
ENVIRONMENTS = "Patterns of environments' slugs, for deployments. None: every environment."
CREDENTIAL = "Of a commit_status: the project's secret that holds the token."


class NewChannel(StrictSerializer):
    project = serializers.CharField(min_length=1, max_length=64, trim_whitespace=False)
    name = serializers.RegexField(slug_pattern(), max_length=40, trim_whitespace=False)
    kind = serializers.ChoiceField(choices=KINDS)
    url = _url(required=True)
    forge = serializers.ChoiceField(choices=FORGES, required=False, help_text="Of a commit_status.")
    credential = serializers.CharField(max_length=128, required=False, trim_whitespace=False, help_text=CREDENTIAL)
    events = _events()
    images = patterns_field(IMAGES, longest=MAX_PATTERN)
    environments = patterns_field(ENVIRONMENTS, longest=MAX_PATTERN)
    enabled = serializers.BooleanField(required=False)


class ChannelChange(StrictSerializer):
    url = _url(required=False)
    credential = serializers.CharField(max_length=128, required=False, trim_whitespace=False, help_text=CREDENTIAL)
    events = _events()
    images = patterns_field(IMAGES, longest=MAX_PATTERN)
    environments = patterns_field(ENVIRONMENTS, longest=MAX_PATTERN)
    enabled = serializers.BooleanField(required=False)


class TestShown(serializers.Serializer[Any]):
    """How a test went: `status` of the answer, and what it means in words."""

    ok = serializers.BooleanField()
    status = serializers.IntegerField(allow_null=True)
    said = serializers.CharField()


class NoticeShown(serializers.ModelSerializer[Notice]):
    """One thing that is told, and how far it got."""

    channel = serializers.CharField(source="channel_id")
    state = serializers.ChoiceField(choices=STATES)
    facts = serializers.SerializerMethodField()
    next_at = serializers.SerializerMethodField(help_text="When the next try is due; null when it has ended.")

    class Meta:
        model = Notice
        fields = (
            "id", "channel", "event", "subject", "state", "tries", "next_at", "status", "said", "facts", "created_at",
            "ended_at",
        )  # fmt: skip

    @extend_schema_field({"type": "object"})
    def get_facts(self, notice: Notice) -> Any:
        return notice.facts

    @extend_schema_field({"type": ["string", "null"], "format": "date-time"})
    def get_next_at(self, notice: Notice) -> Any:
        return notice.next_at if notice.state == "queued" else None
