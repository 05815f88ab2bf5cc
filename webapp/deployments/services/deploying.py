"""Run a build: deploy it, promote it one environment further, go back to what ran before."""

from django.db.models import F

from webapp.deployments.models import Deployment, Release, Service
from webapp.deployments.planning.gathering import Wish, desired_of
from webapp.deployments.services.planning_again import wish_of
from webapp.deployments.services.request import submit
from webapp.environments.models import Environment
from webapp.images.models import Build
from webapp.problems import Conflicting, Invalid, Missing
from webapp.teams.policy import Actor


def deploy(
    *,
    actor: Actor,
    service: Service,
    environment: Environment,
    build: Build | None = None,
    digest: str | None = None,
    release: Release | None = None,
    comment: str = "",
    emergency: str = "",
    queue: bool = False,
) -> Deployment:
    """Make the environment run a build (named itself or by its digest), or an earlier release of it.

    Exactly one of `build`, `digest` and `release`. A build takes the settings, variables and secrets of now; a release
    brings its own. `emergency` is the reason of one that cannot wait, `queue` lets it stand in line. Raises what
    `request.submit` raises.
    """
    wish = wish_to_deploy(service=service, environment=environment, build=build, digest=digest, release=release)
    return submit(
        actor=actor,
        service=service,
        environment=environment,
        wish=wish,
        comment=comment,
        emergency=emergency,
        queue=queue,
    )


def wish_to_deploy(
    *,
    service: Service,
    environment: Environment,
    build: Build | None = None,
    digest: str | None = None,
    release: Release | None = None,
) -> Wish:
    """The wish of `deploy`, once it is known to make sense."""
    given = [thing for thing in (build, digest, release) if thing is not None]
    if len(given) != 1:
        raise Invalid({"build": ["Say one of build, digest and release: what is to run."]})
    if release is not None:
        _check_release(service, environment, release)
        return Wish(kind="deploy", runs=release)
    return Wish(kind="deploy", runs=_build(service, build, digest))


def promote(
    *, actor: Actor, deployment: Deployment, comment: str = "", emergency: str = "", queue: bool = False
) -> Deployment:
    """Run what runs one environment further: the digest and the settings it has, with the variables, secrets and
    overrides of the environment it comes to.

    Raises `Conflicting` for a deployment that did not succeed or is not what runs any more, or when there is no
    environment further on.
    """
    target, wish = promotion_wish(deployment)
    return submit(
        actor=actor,
        service=deployment.service,
        environment=target,
        wish=wish,
        comment=comment,
        emergency=emergency,
        queue=queue,
    )


def promotion_wish(deployment: Deployment) -> tuple[Environment, Wish]:
    """Where `promote` leads, and the wish there."""
    if deployment.state != "succeeded":
        raise Conflicting(
            code="deployment.not_succeeded",
            detail=f"This deployment is {deployment.state}: only what succeeded goes on.",
        )
    desired = desired_of(deployment.service, deployment.environment)
    if desired is None or desired.release_id != deployment.release_id:
        raise Conflicting(
            code="deployment.not_running",
            detail=f"This is not what {deployment.environment.slug} runs any more: promote the deployment that is.",
        )
    target = next_environment(deployment.environment)
    if target is None:
        raise Conflicting(code="environment.last", detail=f"After {deployment.environment.slug} comes no environment.")
    build = _build(deployment.service, deployment.release.build, None)
    return target, Wish(kind="promotion", runs=build, goes_on=deployment.release)


def roll_back(
    *, actor: Actor, deployment: Deployment, comment: str = "", emergency: str = "", queue: bool = False
) -> Deployment:
    """Run again what ran before this deployment: a new deployment of that release, as it was frozen.

    Raises `Conflicting` when nothing ran before, or when that runs already.
    """
    wish = rollback_wish(deployment)
    return submit(
        actor=actor,
        service=deployment.service,
        environment=deployment.environment,
        wish=wish,
        comment=comment,
        emergency=emergency,
        queue=queue,
    )


def hurry(*, actor: Actor, deployment: Deployment, emergency: str) -> Deployment:
    """Carry out as an emergency what waits for approval: a new deployment of the same wish, in the place of this one.

    Raises `Conflicting` for what does not wait.
    """
    if deployment.state != "awaiting_approval":
        raise Conflicting(
            code="deployment.not_waiting",
            detail=f"This deployment is {deployment.state}: only what waits can be carried out as an emergency.",
        )
    if not emergency:
        raise Invalid({"emergency": ["Say why it cannot wait."]})
    return submit(
        actor=actor,
        service=deployment.service,
        environment=deployment.environment,
        wish=wish_of(deployment),
        comment=deployment.comment,
        emergency=emergency,
    )


def rollback_wish(deployment: Deployment) -> Wish:
    """The wish of `roll_back`, once it is known to make sense."""
    service, environment, previous = deployment.service, deployment.environment, deployment.previous
    if previous is None:
        raise Conflicting(
            code="deployment.first", detail="Nothing ran before this deployment, so there is no way back."
        )
    desired = desired_of(service, environment)
    if desired is not None and desired.release_id == previous.id:
        raise Conflicting(
            code="release.runs_already", detail=f"Release {previous.number} is what {environment.slug} runs already."
        )
    return Wish(kind="rollback", runs=previous)


def next_environment(environment: Environment) -> Environment | None:
    """The one to the right of this."""
    further = Environment.objects.filter(project=environment.project_id, rank__gt=environment.rank)
    return further.order_by("rank").first()


def _build(service: Service, build: Build | None, digest: str | None) -> Build:
    if build is None:
        known = Build.objects.filter(image=service.image_id, digest=digest, state="succeeded")
        build = known.order_by(F("expired_at").desc(nulls_first=True), "-number").first()
        if build is None:
            raise Missing(code="build.missing", detail="No build of the service's image has this digest.")
    if build.image_id != service.image_id:
        raise Invalid({"build": [f"This is no build of {service.image.slug}, the image that {service.slug} runs."]})
    return build


def _check_release(service: Service, environment: Environment, release: Release) -> None:
    if release.service_id != service.id:
        raise Missing(code="release.missing", detail="The service has no such release.")
    if release.environment_id != environment.id:
        raise Conflicting(
            code="release.elsewhere",
            detail=f"Release {release.number} was frozen for {release.environment.slug}, with its "
            "variables and secrets: promote a deployment of it, or deploy its build.",
        )
