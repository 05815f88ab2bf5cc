"""What is read and shown of teams."""

from typing import Any

from rest_framework import serializers

from webapp.checks import MAX_NAME, slug_pattern
from webapp.rest.serializers import StrictSerializer
from webapp.teams.models import Invitation, Membership, Project, Role, Team, Token, User
from webapp.teams.policy import Action, Scope

MAX_PASSWORD = 512
MAX_CODE = 200
MAX_USERNAME = 150
ID = 26


ACTIONS = [action.value for action in Action]
SCOPES = [scope.value for scope in Scope]


def slug_field() -> serializers.RegexField:
    """A slug as `names.SLUG` has it."""
    return serializers.RegexField(slug_pattern(), max_length=40, trim_whitespace=False)


def name_field() -> serializers.CharField:
    """A name for people."""
    return serializers.CharField(min_length=1, max_length=MAX_NAME, trim_whitespace=False)


def id_field() -> serializers.CharField:
    """The id of another thing."""
    return serializers.CharField(min_length=1, max_length=64, trim_whitespace=False)


def role_field(**more: Any) -> serializers.ChoiceField:
    """A role in a team."""
    return serializers.ChoiceField(Role.values, **more)


class TeamShown(serializers.ModelSerializer[Team]):
    class Meta:
        model = Team
        fields = ("id", "slug", "name", "created_at")


class NewTeam(StrictSerializer):
    slug = slug_field()
    name = name_field()


class Renaming(StrictSerializer):
    name = name_field()


class PersonShown(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ("id", "username")


class MemberShown(serializers.ModelSerializer[Membership]):
    user = PersonShown()
    role = serializers.CharField()

    class Meta:
        model = Membership
        fields = ("id", "team", "user", "role", "created_at")


class NewMember(StrictSerializer):
    username = serializers.CharField(min_length=1, max_length=MAX_USERNAME, trim_whitespace=False)
    role = role_field()


class NewInvitation(StrictSerializer):
    username = serializers.CharField(
        required=False,
        min_length=1,
        max_length=MAX_USERNAME,
        trim_whitespace=False,
        help_text="Of an account. Left out, whoever has the code may accept, and make an account by its link.",
    )
    role = role_field()


class RoleChange(StrictSerializer):
    role = role_field()


class InvitationShown(serializers.ModelSerializer[Invitation]):
    role = serializers.CharField()
    created_by = PersonShown()

    class Meta:
        model = Invitation
        fields = ("id", "team", "username", "role", "created_by", "created_at", "expires_at", "accepted_at")


class InvitationMade(InvitationShown):
    code = serializers.CharField(help_text="Told this once. Give it to the invited person.")
    link = serializers.CharField(help_text="The page that opens with the code, for who is invited.")

    class Meta:
        model = InvitationShown.Meta.model
        fields = (*InvitationShown.Meta.fields, "code", "link")


class Acceptance(StrictSerializer):
    code = serializers.CharField(min_length=1, max_length=MAX_CODE, trim_whitespace=False)


class ProjectShown(serializers.ModelSerializer[Project]):
    class Meta:
        model = Project
        fields = ("id", "team", "slug", "name", "created_at")


class NewProject(StrictSerializer):
    team = id_field()
    slug = slug_field()
    name = name_field()


class TokenShown(serializers.ModelSerializer[Token]):
    user = PersonShown(allow_null=True)
    scopes = serializers.ListField(child=serializers.ChoiceField(SCOPES))
    role = serializers.CharField(allow_blank=True)

    class Meta:
        model = Token
        fields = (
            "id",
            "name",
            "prefix",
            "user",
            "team",
            "role",
            "scopes",
            "project",
            "created_at",
            "expires_at",
            "last_used_at",
            "revoked_at",
        )


class TokenMade(TokenShown):
    secret = serializers.CharField(help_text="Told this once.")

    class Meta:
        model = TokenShown.Meta.model
        fields = (*TokenShown.Meta.fields, "secret")


class NewToken(StrictSerializer):
    name = name_field()
    scopes = serializers.ListField(child=serializers.ChoiceField(SCOPES), min_length=1, max_length=len(SCOPES))
    team = serializers.CharField(required=False, min_length=1, max_length=64, help_text="Narrow it to this team.")
    project = serializers.CharField(required=False, min_length=1, max_length=64, help_text="Narrow it to this project.")
    role = role_field(required=False, help_text="Make it the team's own token, with this role.")
    expires_at = serializers.DateTimeField(required=False)


class UserShown(serializers.ModelSerializer[User]):
    site_admin = serializers.BooleanField(source="is_superuser")

    class Meta:
        model = User
        fields = ("id", "username", "email", "is_active", "site_admin", "date_joined", "last_login")


class NewUser(StrictSerializer):
    username = serializers.CharField(min_length=1, max_length=MAX_USERNAME, trim_whitespace=False)
    password = serializers.CharField(min_length=1, max_length=MAX_PASSWORD, trim_whitespace=False)
    email = serializers.EmailField(required=False, max_length=254)
    site_admin = serializers.BooleanField(required=False, default=False)


class UserChange(StrictSerializer):
    is_active = serializers.BooleanField(required=False)
    site_admin = serializers.BooleanField(required=False)
    password = serializers.CharField(required=False, min_length=1, max_length=MAX_PASSWORD, trim_whitespace=False)


class PasswordChange(StrictSerializer):
    old = serializers.CharField(min_length=1, max_length=MAX_PASSWORD, trim_whitespace=False)
    new = serializers.CharField(min_length=1, max_length=MAX_PASSWORD, trim_whitespace=False)


class MyTeam(serializers.Serializer[Any]):
    id = serializers.CharField()
    slug = serializers.CharField()
    name = serializers.CharField()
    role = serializers.CharField()
    actions = serializers.ListField(child=serializers.ChoiceField(ACTIONS))


class MyToken(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField(SCOPES))
    team = serializers.CharField(allow_null=True)
    project = serializers.CharField(allow_null=True)


class Me(serializers.Serializer[Any]):
    user = PersonShown(allow_null=True)
    token = MyToken(allow_null=True)
    site_admin = serializers.BooleanField()
    may_make_teams = serializers.BooleanField()
    teams = MyTeam(many=True)
