"""WHO: users, teams, memberships, projects, tokens."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.timezone import now

from webapp.ids import new_id
from webapp.models import Thing
from webapp.teams.querysets import MembershipQuerySet, ProjectQuerySet, TeamQuerySet, TokenQuerySet


class Role(models.TextChoices):
    """Per team, from low to high; policy.py says what each may do."""

    VIEWER = "viewer"
    DEVELOPER = "developer"
    OPERATOR = "operator"
    OWNER = "owner"


class User(AbstractUser):
    """A person. `is_superuser` is the site admin, who is no member of a team by that."""

    id = models.CharField(primary_key=True, max_length=26, default=new_id, editable=False)
    rights_epoch = models.PositiveBigIntegerField(default=0)  # grows whenever rights.py says that they may be fewer

    class Meta:
        ordering = ("username",)


class Team(Thing):
    """People who own projects together."""

    slug = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=100)

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.slug


class Membership(Thing):
    """One person's role in one team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")
        constraints = (models.UniqueConstraint(fields=("team", "user"), name="one_role_per_person_and_team"),)


class Invitation(Thing):
    """An offer of a role, to one named person or to somebody new, spent by accepting it; kept is the code's digest."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    username = models.CharField(max_length=150)  # whom it is for, nobody else can open it; '' for whoever has the code
    role = models.CharField(max_length=10, choices=Role)
    digest = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "-id")


class Project(Thing):
    """The home of an application: its images, services and environments. Rights are asked of its team."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="projects")
    slug = models.CharField(max_length=40)
    name = models.CharField(max_length=100)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ("slug", "id")
        constraints = (models.UniqueConstraint(fields=("team", "slug"), name="one_project_per_slug_and_team"),)

    def __str__(self) -> str:
        return self.slug


class Token(Thing):
    """A credential for programs: `slw_<prefix>_<secret>`; a person's or a team's role cut down by scopes.

    Exactly one of `user` and `team` is the bearer's identity. A user token may be narrowed to one team or project.
    """

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)  # SHA-256 of the secret part, hex
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="tokens")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, related_name="tokens")
    role = models.CharField(max_length=10, choices=Role, blank=True)  # a team token's role
    scopes = models.JSONField(default=list)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, related_name="tokens")
    created_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = TokenQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")

    def is_live(self) -> bool:
        """Not revoked, not expired, and its person (if any) still active."""
        fresh = self.expires_at is None or self.expires_at > now()
        return self.revoked_at is None and fresh and (self.user is None or self.user.is_active)


class Failures(models.Model):
    """How often a credential was wrong of late, from one address or for one account (brakes.py)."""

    key = models.CharField(max_length=64, unique=True)  # a digest
    since = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField(default=1)
