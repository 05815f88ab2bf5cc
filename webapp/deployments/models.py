"""RUNNING: services, releases, deployments, approvals, replicas, and the desired state they add up to."""

from datetime import datetime

from django.db import models
from django.db.models import Q

from webapp.deployments.querysets import InServiceQuerySet, ReplicaQuerySet, ServiceQuerySet
from webapp.environments.models import Environment
from webapp.hosts.models import Host
from webapp.images.models import Build, Image
from webapp.jobs.models import Job
from webapp.logs.models import Log
from webapp.models import Thing
from webapp.teams.models import Project, Token, User

UNDER_WAY = ("queued", "rolling")  # states of a deployment that hosts work on


class Service(Thing):
    """What runs: an image and how to run it. Per-environment overrides replace single settings."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="services")
    slug = models.CharField(max_length=40)
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="services")
    settings = models.JSONField(default=dict)  # by aspect: deployments.settings.aspects
    overrides = models.JSONField(default=dict)  # environment slug -> settings that differ there
    next_number = models.PositiveIntegerField(default=1)  # of releases
    changed_by = models.JSONField(default=dict)  # part (deployments.authorship) -> the person who changed it last

    objects = ServiceQuerySet.as_manager()

    class Meta:
        ordering = ("slug", "id")
        constraints = (models.UniqueConstraint(fields=("project", "slug"), name="one_service_per_slug"),)

    def __str__(self) -> str:
        return self.slug


class Release(Thing):
    """Immutable, numbered snapshot of all that determines what a service runs in an environment."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="releases")
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="releases")
    number = models.PositiveIntegerField()
    build = models.ForeignKey(Build, on_delete=models.PROTECT, related_name="releases")
    digest = models.CharField(max_length=71)
    config_digest = models.CharField(max_length=71)
    settings = models.JSONField()
    variables = models.JSONField(default=dict)
    secrets = models.JSONField(default=dict)  # NAME -> {"id", "version"}
    base = models.JSONField(
        null=True
    )  # the settings of everywhere, which go on with it; None: frozen before these were
    changed_by = models.JSONField(default=dict)  # the service's, of then

    objects = InServiceQuerySet.as_manager()

    class Meta:
        ordering = ("-number",)
        constraints = (models.UniqueConstraint(fields=("service", "number"), name="one_release_per_number"),)


class Deployment(Thing):
    """One attempt to make an environment run a release. States: runtime.contract.states.DEPLOYMENT."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="deployments")
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="deployments")
    kind = models.CharField(max_length=12)  # deploy promotion rollback scale restart stop start converge
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="deployments")
    previous = models.ForeignKey(Release, on_delete=models.PROTECT, null=True, related_name="+")  # what ran before
    state = models.CharField(max_length=20)
    plan = models.JSONField()  # deployments.plans.Plan, canonical
    plan_hash = models.CharField(max_length=64)
    required_approvals = models.PositiveSmallIntegerField(default=0)
    requested_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    requested_as = models.CharField(max_length=200)
    token = models.ForeignKey(Token, on_delete=models.SET_NULL, null=True, related_name="+")
    authors = models.JSONField(default=list)  # people who last changed what the plan carries, beside who asked for it
    emergency = models.CharField(max_length=500, blank=True)  # the reason of one that met no other gate
    bypassed = models.JSONField(default=list)  # what an emergency went past, in words
    review_owed = models.BooleanField(default=False)  # an emergency that nobody else has looked at yet
    reviewed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True)
    review = models.CharField(max_length=500, blank=True)
    log = models.OneToOneField(Log, on_delete=models.PROTECT, related_name="deployment")
    generation = models.PositiveIntegerField(default=0)  # of the desired state, given when it starts rolling
    comment = models.CharField(max_length=500, blank=True)
    cancel_requested_at = models.DateTimeField(null=True)
    ends_as = models.CharField(max_length=12, blank=True)  # rolled_back | cancelled, while hosts are brought back
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    problem = models.JSONField(null=True)

    objects = InServiceQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("service", "environment"),
                condition=Q(state__in=UNDER_WAY),
                name="one_deployment_under_way",
            ),
            models.UniqueConstraint(
                fields=("service", "environment"), condition=Q(state="in_line"), name="one_deployment_in_line"
            ),
        )
        indexes = (
            models.Index(fields=("state",), condition=Q(state="awaiting_approval"), name="deployments_waiting"),
            models.Index(fields=("service",), condition=Q(review_owed=True), name="deployments_owing_a_review"),
        )


class DeploymentJob(models.Model):
    """The job that carries out a deployment on one host; `position` orders the hosts."""

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="host_jobs")
    position = models.PositiveSmallIntegerField()
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="deployment_job")

    class Meta:
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=("deployment", "position"), name="one_job_per_position"),)


class Approval(Thing):
    """One person's yes or no to one deployment's exact plan."""

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="approvals")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    approved = models.BooleanField()
    plan_hash = models.CharField(max_length=64)
    comment = models.CharField(max_length=500, blank=True)
    lapsed_at = models.DateTimeField(null=True)  # since then it counts no more
    lapsed_why = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("deployment", "user"), condition=Q(lapsed_at=None), name="one_verdict_per_person"
            ),
        )


class DesiredState(models.Model):
    """What should run of a service in an environment. Each change raises `generation`."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="desired")
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="desired")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="+")
    replicas = models.PositiveSmallIntegerField()  # 0: nothing is wanted, the first deployment has failed
    stopped = models.BooleanField(default=False)
    generation = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("service", "environment"), name="one_desired_state"),)


class Replica(Thing):
    """One wanted copy and what the host last said of its container. States: runtime.contract.states.REPLICA."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="replicas")
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="replicas")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="replicas")
    generation = models.PositiveIntegerField()
    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="replicas")
    index = models.PositiveSmallIntegerField()
    why = models.CharField(max_length=500, blank=True)  # it is on this host, as the plan said
    desired = models.CharField(max_length=8, default="running")  # running | stopped | gone
    state = models.CharField(max_length=12, default="pending")
    container = models.CharField(max_length=64, blank=True)
    log = models.OneToOneField(Log, on_delete=models.PROTECT, related_name="replica")
    ports = models.JSONField(default=list)  # [{"container", "host", "address", "protocol"}]
    exit_code = models.IntegerField(null=True)
    oom_killed = models.BooleanField(default=False)
    restarts = models.PositiveIntegerField(default=0)
    message = models.CharField(max_length=1000, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    effective = models.JSONField(null=True)  # what its container is: runtime.contract.link.Effective, as the host said
    observed_at = models.DateTimeField(null=True)  # when the host last said something of it

    objects = ReplicaQuerySet.as_manager()

    class Meta:
        ordering = ("environment", "index", "-created_at")
        indexes = (models.Index(fields=("service", "environment", "desired"), name="replicas_wanted"),)
        constraints = (
            models.UniqueConstraint(
                fields=("service", "environment", "generation", "index"), name="one_replica_per_generation_and_index"
            ),
        )

    @property
    def unknown_since(self) -> datetime | None:
        """Since when nobody knows how it is, because its host is not heard; None for one of which that is known."""
        return self.host.unheard_since if self.container else None

    @property
    def state_now(self) -> str:
        """Its state as far as anybody knows: *lost* from the moment on at which its host is not heard any more."""
        return "lost" if self.unknown_since is not None and self.state != "stopped" else self.state


class Repair(models.Model):
    """How often in a row a host was told to mend what runs of a service, so that trying again gets rarer."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+")
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    host = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="+")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="repair")
    attempts = models.PositiveIntegerField(default=1)
    next_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("service", "environment", "host"), name="one_repair_per_place"),)
